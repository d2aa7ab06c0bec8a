// The levels of loggers, to be read or to be changed.

function levels(d) {
  const choice = (id, value, inherits) =>
    el(
      'select',
      { id, name: 'level', 'data-value': value },
      ['debug', 'info', 'warn', 'error', 'none']
        .concat(inherits ? ['inherit'] : [])
        .map((l) => el('option', { value: l, selected: l === value }, l)),
    );
  const nameOf = (l) => l.name || '(all loggers)';
  if (!d.writable) {
    return [
      heading(
        'Log levels',
        el('p', {}, 'They can be read here, not changed: see inspector_options::allow_writes.'),
      ),
      card(
        'Levels',
        'the least level that is logged',
        table(
          'Levels',
          [['Logger'], ['Level']],
          d.levels.map((l) =>
            row(
              'level-' + l.name,
              head(nameOf(l)),
              cell('Level', null, el('span', { class: 'tag' }, l.level)),
            ),
          ),
        ),
      ),
    ];
  }
  return [
    heading(
      'Log levels',
      el(
        'p',
        {},
        'The least level that is logged by loggers of that name and those below; changes count at once.',
      ),
    ),
    card(
      'Levels',
      null,
      el(
        'div',
        {},
        d.levels.map((l, i) =>
          el(
            'form',
            { class: 'level-row', 'data-key': 'level-' + l.name, 'data-logger': l.name },
            el('label', { class: 'level-name', for: 'level-' + i }, nameOf(l)),
            choice('level-' + i, l.level, l.name !== ''),
            el('button', { 'aria-label': 'Set the level of ' + nameOf(l) }, 'Set'),
          ),
        ),
      ),
    ),
    card(
      'Another logger',
      null,
      el(
        'form',
        { class: 'level-form', 'data-key': 'add' },
        el(
          'div',
          {},
          el('label', { for: 'new-name' }, 'Logger'),
          el('input', {
            id: 'new-name',
            name: 'logger',
            required: true,
            maxlength: 200,
            autocomplete: 'off',
            autocapitalize: 'off',
            spellcheck: 'false',
            placeholder: 'http.client',
          }),
        ),
        el('div', {}, el('label', { for: 'new-level' }, 'Level'), choice('new-level', 'debug', false)),
        el('button', { 'aria-label': 'Set the level of this logger' }, 'Set'),
      ),
    ),
  ];
}
