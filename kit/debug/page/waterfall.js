// A trace, span by span.

function spanMore(s, origin) {
  const about = [
    ['Kind', s.kind],
    ['Starts at', time(s.start)],
    ['Takes', time(s.length) + (s.open ? ' so far' : '')],
    ['Status', s.status + (s.message ? ': ' + s.message : '')],
    ['Span', s.span_id],
  ];
  if (s.parent_id) about.push(['Parent', s.parent_id]);
  if (s.dropped)
    about.push(['Dropped', plural(s.dropped, 'attribute, event or link', 'attributes, events and links')]);
  const part = (name, content) => el('div', {}, el('h3', {}, name), content);
  return [
    facts(about),
    s.attributes.length > 0 && part('Attributes', facts(s.attributes)),
    s.events.length > 0 &&
      part(
        'Events',
        el(
          'ol',
          { class: 'events' },
          s.events.map((e) =>
            el(
              'li',
              {},
              el('strong', { class: 'break' }, e.name),
              el('span', { class: 'quiet' }, ' at ' + time(e.at)),
              e.attributes.length > 0 && facts(e.attributes),
            ),
          ),
        ),
      ),
    s.links.length > 0 &&
      part(
        'Links',
        el(
          'ul',
          {},
          s.links.map((id) => el('li', { class: 'mono break' }, traceLink(id, id))),
        ),
      ),
  ];
}
function waterfallRow(s, total) {
  const key = s.span_id + '-' + s.kind; // a server's span may have its client's id
  const id = 'span-' + key;
  const at = (t) => Math.min(100, Math.max(0, total > 0 ? (t / total) * 100 : 0));
  const left = Math.min(at(s.start), 99.5);
  const failed = s.status === 'error';
  const colour = failed ? 'kind-error' : 'kind-' + s.kind;
  return el(
    'li',
    { 'data-key': key },
    el(
      'button',
      {
        type: 'button',
        class: 'row',
        'aria-expanded': String(opened.has(key)),
        'aria-controls': id,
        'data-span': key,
      },
      el(
        'span',
        { class: 'row-name', style: { 'padding-left': Math.min(s.depth, 8) * 0.8 + 'rem' } },
        el(
          'span',
          {},
          s.name || '(no name)',
          failed && [' ', el('span', { class: 'tag bad' }, 'error')],
          el(
            'span',
            { class: 'unseen' },
            ', level ' + (s.depth + 1) + ', ' + s.kind + ', starts at ' + time(s.start) + ', takes ',
          ),
        ),
      ),
      el(
        'span',
        { class: 'track', 'aria-hidden': 'true' },
        el('span', {
          class: 'span-bar ' + colour + (s.open ? ' open' : ''),
          style: {
            left: left.toFixed(3) + '%',
            width: Math.max(0.3, Math.min(at(s.length), 100 - left)).toFixed(3) + '%',
          },
        }),
        s.events.map((e) => el('span', { class: 'mark', style: { left: at(e.at).toFixed(3) + '%' } })),
      ),
      el('span', { class: 'row-time' }, time(s.length) + (s.open ? '\u2026' : '')),
    ),
    el('div', { class: 'more', id, hidden: !opened.has(key) }, spanMore(s)),
  );
}
function trace(d) {
  const end = Math.max(d.trace.length, ...d.spans.map((s) => s.start + s.length));
  const kinds = new Set(d.spans.map((s) => (s.status === 'error' ? 'error' : s.kind)));
  const missing = d.complete
    ? plural(d.missing_spans, 'span is', 'spans are') + ' left out: more than are kept of a trace.'
    : plural(d.missing_spans, 'span has', 'spans have') + ' ended; they are shown when the trace has.';
  return [
    heading(
      d.trace.name || '(no name)',
      el('p', {}, el('span', { class: 'mono break' }, d.trace.trace_id)),
      el(
        'p',
        {},
        time(d.trace.length) +
          (d.complete ? '' : ' so far') +
          ' \u00b7 ' +
          plural(d.trace.spans, 'span', 'spans') +
          ' \u00b7 ',
        day(d.trace.start),
        ' ',
        !d.complete
          ? el('span', { class: 'tag warn' }, 'going on')
          : d.trace.failed
            ? el('span', { class: 'tag bad' }, 'error')
            : el('span', { class: 'tag good' }, 'ok'),
      ),
    ),
    d.trace.failed &&
      d.trace.message &&
      el('p', { class: 'note break', 'data-key': 'message' }, d.trace.message),
    card(
      'Waterfall',
      'Enter or a click opens a span',
      el(
        'p',
        { class: 'legend', 'aria-hidden': 'true' },
        [...kinds].map((kind) => el('span', {}, el('i', { class: 'kind-' + kind }), kind)),
      ),
      el(
        'div',
        { class: 'axis', 'aria-hidden': 'true' },
        el(
          'span',
          { class: 'scale' },
          [0, 0.25, 0.5, 0.75, 1].map((p) => el('span', {}, time(p * end))),
        ),
      ),
      el(
        'ol',
        { class: 'waterfall', 'aria-label': 'Spans' },
        d.spans.map((s) => waterfallRow(s, end)),
      ),
      d.missing_spans > 0 && el('p', { class: 'quiet' }, missing),
    ),
  ];
}
