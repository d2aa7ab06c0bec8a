
'use strict';
// Draws what the page's own address gives as JSON, and again every two seconds, in place. Texts of the data
// only ever become text nodes and attributes.
(() => {
  const period = 2000;
  const patience = 10000;
  const opened = new Set();     // spans whose details are shown
  const byId = (id) => document.getElementById(id);
  const main = byId('main');
  let base = './';
  let shown = null;             // the data on the page
  let before = null;            // the process figures of the answer before, for the use of the CPU
  let paused = false;
  let goneSince = null;
  let lost = false;             // the server no longer has what this page shows
  let timer = 0;
  let hiding = 0;

  // --- elements -----------------------------------------------------------------------------------

  const drawings = new Set(['svg', 'rect', 'line', 'title']);
  function el(tag, attributes, ...children) {
    const e = drawings.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag)
                                : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === 'style') {
        for (const [property, v] of Object.entries(value)) e.style.setProperty(property, v);
      } else {
        e.setAttribute(name, value === true ? '' : value);
      }
    }
    e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
    return e;
  }

  // Makes `old` like `fresh`, keeping the elements that are there, and so focus and selection.
  function morph(old, fresh) {
    for (const { name } of [...old.attributes]) {
      if (name !== 'style' && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    const chosen = fresh.nodeName === 'SELECT' && fresh.dataset.value !== old.dataset.value;
    for (const { name, value } of [...fresh.attributes]) {
      if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
    morphChildren(old, fresh);
    if (chosen) old.value = fresh.dataset.value;
  }
  const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute('data-key') : null);
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  function morphChildren(old, fresh) {
    const wanted = [...fresh.childNodes];
    const keys = new Set(wanted.map(keyOf).filter((k) => k !== null));
    for (const node of [...old.childNodes]) {
      if (keyOf(node) !== null && !keys.has(keyOf(node))) node.remove();
    }
    const keyed = new Map([...old.childNodes].filter((n) => keyOf(n) !== null).map((n) => [keyOf(n), n]));
    let at = old.firstChild;
    for (const want of wanted) {
      const key = keyOf(want);
      const have = key === null ? at : keyed.get(key);
      if (!have || !alike(have, want)) {
        old.insertBefore(want, at);
        continue;
      }
      if (have === at) at = at.nextSibling;
      else old.insertBefore(have, at);
      if (have.nodeType === 1) morph(have, want);
      else if (have.data !== want.data) have.data = want.data;
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }
  function draw(where, children) {
    const focused = document.activeElement;
    morphChildren(where, el('div', {}, children));
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus();
  }

  // --- words and numbers --------------------------------------------------------------------------

  const digits = (n, most = 3) => n.toLocaleString('en-US', { maximumSignificantDigits: most });
  const whole = (n) => n.toLocaleString('en-US', { maximumFractionDigits: 0 });
  function time(s) {
    if (s === null || s === undefined) return '\u2013';
    if (s < 0) return '\u2212' + time(-s);
    if (s === 0) return '0 s';
    if (s < 1e-6) return digits(s * 1e9) + ' ns';
    if (s < 1e-3) return digits(s * 1e6) + ' \u00b5s';
    if (s < 1) return digits(s * 1e3) + ' ms';
    if (s < 60) return digits(s) + ' s';
    const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
    const i = units.findIndex(([size]) => s >= size);
    const rest = Math.floor((s % units[i][0]) / units[i + 1][0]);
    return Math.floor(s / units[i][0]) + ' ' + units[i][1] + (rest ? ' ' + rest + ' ' + units[i + 1][1] : '');
  }
  function rate(n) {
    return n === 0 ? '0' : n < 0.05 ? '<0.1' : n < 10 ? n.toFixed(1) : whole(n);
  }
  function percent(part, all) {
    if (!all || !part) return '0%';
    const p = (part / all) * 100;
    return p < 0.1 ? '<0.1%' : digits(p, 2) + '%';
  }
  function bytes(n) {
    const i = n < 1 ? 0 : Math.min(4, Math.floor(Math.log2(n) / 10));
    return digits(n / 1024 ** i) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][i];
  }
  const plural = (n, one, many) => whole(n) + ' ' + (n === 1 ? one : many);
  function clock(iso) {
    const d = new Date(iso);
    return el('time', { datetime: iso, title: iso }, d.toLocaleTimeString([], { hour12: false }));
  }
  const day = (iso) => el('time', { datetime: iso, title: iso }, new Date(iso).toLocaleString([], { hour12: false }));
  // A slash in a name is no end of a path's segment, not even where a proxy decodes it.
  const segment = (name) => encodeURIComponent(name.replaceAll('~', '~7E').replaceAll('/', '~2F'));
  const endpointLink = (name) => el('a', { href: base + 'endpoints/' + segment(name) }, name);
  const traceLink = (id, text) => el('a', { href: base + 'traces/' + id }, text);

  // --- parts --------------------------------------------------------------------------------------

  function card(title, about, ...content) {
    const id = 'h-' + title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
    return el('section', { class: 'card', 'aria-labelledby': id, 'data-key': id },
              el('div', { class: 'card-head' }, el('h2', { id }, title), about && el('p', {}, about)), content);
  }
  const empty = (text) => el('p', { class: 'empty' }, text);
  const tile = (name, value, more, bad) =>
      el('div', { class: 'tile', 'data-bad': bad ? 'true' : null, 'data-key': name }, el('dt', {}, name),
         el('dd', {}, value), more ? el('dd', {}, more) : null);
  // Roles are said, as styles that make lists of tables on small screens take them away.
  function table(label, heads, rows) {
    return el('table', { role: 'table', 'aria-label': label },
              el('thead', { role: 'rowgroup' },
                 el('tr', { role: 'row' }, heads.map(([name, type]) =>
                   el('th', { role: 'columnheader', scope: 'col', class: type }, name)))),
              el('tbody', { role: 'rowgroup' }, rows));
  }
  const row = (key, ...cells) => el('tr', { role: 'row', 'data-key': key }, cells);
  const head = (...content) => el('th', { role: 'rowheader', scope: 'row' }, content);
  const cell = (label, type, ...content) => el('td', { role: 'cell', class: type, 'data-label': label }, content);

  function chart(label, kind, bars, most, extra) {
    const width = 100 / Math.max(1, bars.length);
    const gap = width * (bars.length > 30 ? 0.15 : 0.12);
    return el('svg', { class: 'chart ' + kind, viewBox: '0 0 100 100', preserveAspectRatio: 'none', role: 'img',
                       'aria-label': label },
              el('line', { class: 'chart-base', x1: 0, x2: 100, y1: 100, y2: 100 }),
              bars.map(({ value, bad }, i) => {
                const height = most ? (value / most) * 96 : 0;
                const badHeight = most ? ((bad || 0) / most) * 96 : 0;
                const box = (h, name) => h > 0 && el('rect', {
                  class: name, x: (i * width).toFixed(2), width: (width - gap).toFixed(2),
                  y: (100 - Math.max(h, 3)).toFixed(2), height: Math.max(h, 3).toFixed(2) });
                return [box(height, 'chart-bar'), box(badHeight, 'chart-bad')];
              }), extra);
  }
  function minuteChart(e, kind) {
    const most = Math.max(...e.minute);
    const failed = e.minute_failures.reduce((a, b) => a + b, 0);
    const label = most ? 'Last minute: up to ' + plural(most, 'call', 'calls') + ' a second, ' +
                             plural(failed, 'error', 'errors') : 'No calls in the last minute';
    return chart(label, kind, e.minute.map((value, i) => ({ value, bad: e.minute_failures[i] })), most);
  }
  function latencyChart({ bounds, counts }, kind) {
    const most = Math.max(0, ...counts);
    const top = counts.indexOf(most);
    const label = most ? 'Latencies: most often up to ' + time(bounds[top]) + ', from about ' + time(bounds[0]) +
                             ' to ' + time(bounds[bounds.length - 1]) : 'No latencies';
    return chart(label, kind, counts.map((value) => ({ value })), most);
  }
  function ticks({ bounds }) {
    const some = bounds.length < 4 ? bounds : [0, 1, 2, 3].map((i) => bounds[Math.round((i / 3) * (bounds.length - 1))]);
    return el('p', { class: 'scale' }, some.length ? some.map((t) => el('span', {}, time(t))) : 'none');
  }
  const errorTag = (failed, all) =>
      failed ? el('span', { class: 'bad' }, percent(failed, all)) : el('span', { class: 'quiet' }, '0%');

  function endpointsTable(endpoints) {
    if (!endpoints.length) return empty('No endpoint is watched: see inspector::watch.');
    return table('Endpoints',
        [['Endpoint'], ['Last minute', 'picture'], ['Calls/s', 'num'], ['Errors', 'num'], ['In flight', 'num'],
         ['p50', 'num'], ['p90', 'num'], ['p99', 'num'], ['Latencies', 'picture']],
        endpoints.map((e) => {
          // Of an endpoint that is seldom called, all that is known.
          const seldom = e.latency.p50 === null && e.latency_since_start.p50 !== null;
          const latency = seldom ? e.latency_since_start : e.latency;
          const took = (s) => el('span', { class: seldom ? 'quiet' : null }, time(s));
          return row(e.name, head(endpointLink(e.name)),
            cell('Last minute', 'picture', minuteChart(e, 'small')),
            cell('Calls/s', 'num', rate(e.rate.calls_10s)),
            cell('Errors', 'num', errorTag(e.rate.failures_1m, e.rate.calls_1m)),
            cell('In flight', 'num', whole(e.in_flight)),
            cell('p50', 'num', took(latency.p50)), cell('p90', 'num', took(latency.p90)),
            cell('p99', 'num', took(latency.p99)),
            cell('Latencies', 'picture', latencyChart(seldom ? e.histogram_since_start : e.histogram, 'small')));
        }));
  }
  function deadline(r) {
    if (r.cancelled) return el('span', { class: 'tag bad' }, 'cancelled');
    if (r.deadline_left === null) return el('span', { class: 'quiet' }, 'none');
    const late = r.deadline_left < 0;
    return el('span', { class: late ? 'bad' : null }, late ? time(-r.deadline_left) + ' over' : time(r.deadline_left));
  }
  function requestsTable(requests) {
    if (!requests.length) return empty('Nothing is in flight.');
    return table('Requests in flight', [['Endpoint'], ['Age', 'num'], ['Deadline in', 'num'], ['Waits for'], ['Trace']],
        requests.map((r) => row(null, head(endpointLink(r.endpoint)), cell('Age', 'num', time(r.age)),
            cell('Deadline in', 'num', deadline(r)),
            cell('Waits for', 'whole', r.waits_for === null ? el('span', { class: 'quiet' }, '\u2013')
                : [el('span', { class: 'break' }, r.waits_for), el('span', { class: 'quiet' }, ' for ' + time(r.waits_since))]),
            cell('Trace', 'whole', r.trace_id === null ? el('span', { class: 'quiet' }, '\u2013')
                : el('span', { class: 'mono id', title: r.trace_id },
                     shown.about.has_traces ? traceLink(r.trace_id, r.trace_id.slice(0, 8)) : r.trace_id.slice(0, 8))))));
  }
  function tracesTable(label, traces, none) {
    if (!traces.length) return empty(none);
    return table(label, [['Trace'], ['Duration', 'num'], ['Spans', 'num'], ['Started', 'num'], ['Result', 'result']],
        traces.map((t) => row(t.trace_id, head(traceLink(t.trace_id, t.name || '(no name)')),
            cell('Duration', 'num', time(t.length)), cell('Spans', 'num', whole(t.spans)),
            cell('Started', 'num', clock(t.start)),
            cell('Result', 'whole', t.failed ? [el('span', { class: 'tag bad' }, 'error'), ' ', t.message]
                                             : el('span', { class: 'tag good' }, 'ok')))));
  }
  function cpuUse(data) {
    const now = { cpu: data.process.cpu, at: Date.parse(data.about.time) / 1000 };
    let use = data.about.uptime > 0 ? now.cpu / data.about.uptime : 0;
    let since = 'since the start';
    if (before && now.at > before.at) {
      use = Math.max(0, now.cpu - before.cpu) / (now.at - before.at);
      since = 'of one core';
    }
    before = now;
    return [digits(use * 100, 2) + '%', since];
  }
  const heading = (title, ...about) => el('div', { class: 'head' }, el('h1', {}, title), about);
  const facts = (pairs) => el('dl', { class: 'facts' }, pairs.map(([k, v]) => [el('dt', {}, k), el('dd', {}, v)]));

  // --- pages --------------------------------------------------------------------------------------

  function overview(d) {
    const sum = (f) => d.endpoints.reduce((all, e) => all + f(e), 0);
    const failures = sum((e) => e.rate.failures_10s);
    const calls = sum((e) => e.rate.calls_10s);
    const [cpu, of] = cpuUse(d);
    return [
      heading('Overview', el('p', {}, 'Up ' + time(d.about.uptime))),
      el('dl', { class: 'tiles', 'data-key': 'tiles' },
         tile('Calls per second', rate(calls), rate(sum((e) => e.rate.calls_1m)) + ' over a minute'),
         tile('Errors per second', rate(failures), percent(failures, calls) + ' of calls', failures > 0),
         tile('In flight', whole(d.about.in_flight), plural(d.endpoints.length, 'endpoint', 'endpoints')),
         tile('Memory', bytes(d.process.memory), 'resident'),
         tile('CPU', cpu, of)),
      card('Endpoints', 'Calls over 10 s, the rest over a minute; latencies in grey since the start', endpointsTable(d.endpoints)),
      el('div', { class: 'pair', 'data-key': 'pair' },
         card('Longest in flight', el('a', { href: base + 'requests' }, 'All requests'), requestsTable(d.requests)),
         d.about.has_traces && card('Latest failures', el('a', { href: base + 'traces' }, 'All traces'),
                                    tracesTable('Latest failures', d.failed, 'No trace has failed.'))),
    ];
  }
  function requests(d) {
    const hidden = d.about.in_flight - d.requests.length;
    return [
      heading('Requests in flight', el('p', {}, 'The oldest first' +
          (hidden > 0 ? '; ' + whole(hidden) + ' younger ones are not shown' : ''))),
      card('In flight', plural(d.about.in_flight, 'request', 'requests'), requestsTable(d.requests)),
    ];
  }
  function traces(d) {
    const chip = (name, href, current) =>
        el('li', {}, el('a', { href, 'aria-current': current ? 'true' : null }, name));
    return [
      heading('Traces', el('p', {}, 'Kept in memory: of each kind of trace the latest, the slowest and those that failed' +
          (d.dropped ? '; of ' + whole(d.dropped) + ' nothing, as too many were going on' : ''))),
      d.endpoints.length > 1 && el('nav', { 'aria-label': 'Which traces', 'data-key': 'chips' },
         el('ul', { class: 'chips' }, chip('All', base + 'traces', d.endpoint === null),
            d.endpoints.map((e) => chip(e, base + 'traces?endpoint=' + encodeURIComponent(e), e === d.endpoint)))),
      card('Failed', 'the latest first', tracesTable('Failed', d.failed, 'No trace has failed.')),
      card('Slowest', 'the slowest first', tracesTable('Slowest', d.slowest, 'No trace yet.')),
      card('Recent', 'the latest first', tracesTable('Recent', d.recent, 'No trace yet.')),
    ];
  }
  function spanMore(s, origin) {
    const about = [['Kind', s.kind], ['Starts at', time(s.start)], ['Takes', time(s.length) + (s.open ? ' so far' : '')],
                   ['Status', s.status + (s.message ? ': ' + s.message : '')], ['Span', s.span_id]];
    if (s.parent_id) about.push(['Parent', s.parent_id]);
    if (s.dropped) about.push(['Dropped', plural(s.dropped, 'attribute, event or link', 'attributes, events and links')]);
    const part = (name, content) => el('div', {}, el('h3', {}, name), content);
    return [
      facts(about),
      s.attributes.length > 0 && part('Attributes', facts(s.attributes)),
      s.events.length > 0 && part('Events', el('ol', { class: 'events' }, s.events.map((e) =>
          el('li', {}, el('strong', { class: 'break' }, e.name), el('span', { class: 'quiet' }, ' at ' + time(e.at)),
             e.attributes.length > 0 && facts(e.attributes))))),
      s.links.length > 0 && part('Links', el('ul', {}, s.links.map((id) =>
          el('li', { class: 'mono break' }, traceLink(id, id))))),
    ];
  }
  function waterfallRow(s, total) {
    const key = s.span_id + '-' + s.kind;  // a server's span may have its client's id
    const id = 'span-' + key;
    const at = (t) => Math.min(100, Math.max(0, total > 0 ? (t / total) * 100 : 0));
    const left = Math.min(at(s.start), 99.5);
    const failed = s.status === 'error';
    const colour = failed ? 'kind-error' : 'kind-' + s.kind;
    return el('li', { 'data-key': key },
      el('button', { type: 'button', class: 'row', 'aria-expanded': String(opened.has(key)), 'aria-controls': id,
                     'data-span': key },
         el('span', { class: 'row-name', style: { 'padding-left': Math.min(s.depth, 8) * 0.8 + 'rem' } },
            el('span', {}, s.name || '(no name)', failed && [' ', el('span', { class: 'tag bad' }, 'error')],
               el('span', { class: 'unseen' }, ', level ' + (s.depth + 1) + ', ' + s.kind + ', starts at ' + time(s.start) + ', takes '))),
         el('span', { class: 'track', 'aria-hidden': 'true' },
            el('span', { class: 'span-bar ' + colour + (s.open ? ' open' : ''),
                         style: { left: left.toFixed(3) + '%', width: Math.max(0.3, Math.min(at(s.length), 100 - left)).toFixed(3) + '%' } }),
            s.events.map((e) => el('span', { class: 'mark', style: { left: at(e.at).toFixed(3) + '%' } }))),
         el('span', { class: 'row-time' }, time(s.length) + (s.open ? '\u2026' : ''))),
      el('div', { class: 'more', id, hidden: !opened.has(key) }, spanMore(s)));
  }
  function trace(d) {
    const end = Math.max(d.trace.length, ...d.spans.map((s) => s.start + s.length));
    const kinds = new Set(d.spans.map((s) => (s.status === 'error' ? 'error' : s.kind)));
    const missing = d.complete ? plural(d.missing_spans, 'span is', 'spans are') + ' left out: more than are kept of a trace.'
                               : plural(d.missing_spans, 'span has', 'spans have') + ' ended; they are shown when the trace has.';
    return [
      heading(d.trace.name || '(no name)',
        el('p', {}, el('span', { class: 'mono break' }, d.trace.trace_id)),
        el('p', {}, time(d.trace.length) + (d.complete ? '' : ' so far') + ' \u00b7 ' + plural(d.trace.spans, 'span', 'spans') + ' \u00b7 ',
           day(d.trace.start), ' ', !d.complete ? el('span', { class: 'tag warn' }, 'going on')
              : d.trace.failed ? el('span', { class: 'tag bad' }, 'error') : el('span', { class: 'tag good' }, 'ok'))),
      d.trace.failed && d.trace.message && el('p', { class: 'note break', 'data-key': 'message' }, d.trace.message),
      card('Waterfall', 'Enter or a click opens a span',
        el('p', { class: 'legend', 'aria-hidden': 'true' }, [...kinds].map((kind) => el('span', {}, el('i', { class: 'kind-' + kind }), kind))),
        el('div', { class: 'axis', 'aria-hidden': 'true' },
           el('span', { class: 'scale' }, [0, 0.25, 0.5, 0.75, 1].map((p) => el('span', {}, time(p * end))))),
        el('ol', { class: 'waterfall', 'aria-label': 'Spans' }, d.spans.map((s) => waterfallRow(s, end))),
        d.missing_spans > 0 && el('p', { class: 'quiet' }, missing)),
    ];
  }
  function endpoint(d) {
    const e = d.endpoint;
    const quantile = (name) => tile(name, time(e.latency[name]), time(e.latency_since_start[name]) + ' since the start');
    const names = { ok: 'ok', business_error: 'business error', refused: 'refused', canceled: 'cancelled', failed: 'failed' };
    return [
      heading(e.name, el('p', {}, plural(e.calls, 'call', 'calls') + ', ' + plural(e.failures, 'error', 'errors') + ' since the start')),
      el('dl', { class: 'tiles', 'data-key': 'tiles' },
         tile('Calls per second', rate(e.rate.calls_10s), rate(e.rate.calls_1m) + ' over a minute'),
         tile('Errors per second', rate(e.rate.failures_10s), percent(e.rate.failures_1m, e.rate.calls_1m) + ' over a minute', e.rate.failures_10s > 0),
         tile('In flight', whole(e.in_flight)),
         quantile('p50'), quantile('p90'), quantile('p99')),
      card('Last minute', 'calls each second, errors in red', minuteChart(e, 'mid'),
           el('p', { class: 'scale' }, el('span', {}, '60 s ago'), el('span', {}, 'now'))),
      el('div', { class: 'pair', 'data-key': 'pictures' },
         card('Latencies now', 'over a minute', latencyChart(e.histogram, 'mid'), ticks(e.histogram)),
         card('Latencies of all calls', 'since the start', latencyChart(e.histogram_since_start, 'mid'),
              ticks(e.histogram_since_start))),
      el('div', { class: 'pair', 'data-key': 'more' },
         card('Layers', 'a call goes from the first to the last',
              el('ol', { class: 'stack' }, d.layers.map((l) => el('li', {}, l)), el('li', { class: 'core' }, 'handler'))),
         card('How calls ended', null, facts(Object.entries(names).map(([key, name]) => [name, whole(d.endings[key] || 0)])),
              e.last_failure && el('p', { class: 'note break' }, el('strong', {}, 'Last error, ' + time(e.last_failure.age) + ' ago: '),
                                   e.last_failure.code === e.last_failure.message ? e.last_failure.code
                                       : e.last_failure.code + ': ' + e.last_failure.message))),
      card('In flight', 'the oldest first', requestsTable(d.requests)),
    ];
  }
  function levels(d) {
    const choice = (id, value, inherits) =>
        el('select', { id, name: 'level', 'data-value': value }, ['debug', 'info', 'warn', 'error', 'none']
            .concat(inherits ? ['inherit'] : []).map((l) => el('option', { value: l, selected: l === value }, l)));
    const nameOf = (l) => l.name || '(all loggers)';
    if (!d.writable) {
      return [
        heading('Log levels', el('p', {}, 'They can be read here, not changed: see inspector_options::allow_writes.')),
        card('Levels', 'the least level that is logged', table('Levels', [['Logger'], ['Level']], d.levels.map((l) =>
            row('level-' + l.name, head(nameOf(l)), cell('Level', null, el('span', { class: 'tag' }, l.level)))))),
      ];
    }
    return [
      heading('Log levels', el('p', {}, 'The least level that is logged by loggers of that name and those below; changes count at once.')),
      card('Levels', null, el('div', {}, d.levels.map((l, i) =>
        el('form', { class: 'level-row', 'data-key': 'level-' + l.name, 'data-logger': l.name },
           el('label', { class: 'level-name', for: 'level-' + i }, nameOf(l)),
           choice('level-' + i, l.level, l.name !== ''),
           el('button', { 'aria-label': 'Set the level of ' + nameOf(l) }, 'Set'))))),
      card('Another logger', null, el('form', { class: 'level-form', 'data-key': 'add' },
           el('div', {}, el('label', { for: 'new-name' }, 'Logger'),
              el('input', { id: 'new-name', name: 'logger', required: true, maxlength: 200, autocomplete: 'off',
                            autocapitalize: 'off', spellcheck: 'false', placeholder: 'http.client' })),
           el('div', {}, el('label', { for: 'new-level' }, 'Level'), choice('new-level', 'debug', false)),
           el('button', { 'aria-label': 'Set the level of this logger' }, 'Set'))),
    ];
  }
  function build(d) {
    const p = d.process;
    const [cpu, of] = cpuUse(d);
    return [
      heading('Build and process', el('p', {}, 'Up ' + time(d.about.uptime) + ', since ', day(d.started))),
      el('dl', { class: 'tiles', 'data-key': 'tiles' },
         tile('CPU', cpu, of), tile('CPU time', time(p.cpu)),
         tile('Memory', bytes(p.memory), bytes(p.virtual_memory) + ' virtual'),
         tile('Open files', whole(p.open_files), p.max_files < 1e9 ? 'of ' + whole(p.max_files) : null), tile('Threads', whole(p.threads))),
      card('Build', null, facts(d.build)),
    ];
  }
  const missing = (d) => [heading('Not found', el('p', {}, d.message)), el('p', {}, el('a', { href: base }, 'To the overview'))];
  const pages = { overview, requests, traces, trace, endpoint, levels, build, missing };

  function frame(a) {
    byId('service').textContent = a.name;
    byId('brand').setAttribute('href', base);
    const link = (name, path, page, count) => el('li', { 'data-key': name },
        el('a', { href: base + path, 'aria-current': a.page === page ? 'page' : null }, name,
           count ? [' ', el('span', { class: 'count' }, whole(count))] : null));
    draw(byId('pages'), [
      link('Overview', '', 'overview'), link('Requests', 'requests', 'requests', a.in_flight),
      a.has_traces && link('Traces', 'traces', 'traces'), a.has_levels && link('Levels', 'levels', 'levels'),
      link('Build', 'build', 'build'),
    ]);
  }
  function show(d) {
    if (shown && d.about.page === 'missing' && shown.about.page !== 'missing') {
      lost = true;  // what was there stays to be read
      return tell();
    }
    lost = false;
    shown = d;
    base = d.about.base;
    frame(d.about);
    draw(main, pages[d.about.page](d));
    tell();
  }

  // --- the server, and whether it answers ---------------------------------------------------------

  // For screen readers, and where it answers to what somebody did, for all.
  function say(text, visible) {
    const said = byId('said');
    said.textContent = text;
    said.className = visible ? 'toast' : 'unseen';
    clearTimeout(hiding);
    if (visible) hiding = setTimeout(() => { said.className = 'unseen'; }, 6000);
  }
  function tell() {
    const complete = shown && shown.about.page === 'trace' && shown.complete;
    const state = paused ? 'paused' : goneSince ? 'gone' : complete ? 'complete' : 'live';
    byId('state').dataset.state = state;
    byId('state-text').textContent = { paused: 'Paused', gone: 'No answer', live: 'Live', complete: 'Complete' }[state];
    byId('pause').textContent = paused ? 'Resume' : 'Pause';
    byId('pause').hidden = Boolean(complete);
    main.classList.toggle('stale', Boolean(goneSince));
    const gone = byId('gone');
    gone.hidden = !goneSince && !lost;
    gone.textContent = goneSince ? 'The server has not answered since ' + goneSince.toLocaleTimeString([], { hour12: false }) + '. Trying again.'
        : lost ? 'The server no longer has this. It is shown as it was last.' : '';
  }
  function answered() {
    if (goneSince) say('The server answers again.');
    goneSince = null;
  }
  function unanswered() {
    if (!goneSince) {
      goneSince = new Date();
      say('The server does not answer.');
    }
    tell();
  }
  async function ask(options) {
    const answer = await fetch(location.pathname + location.search,
        { cache: 'no-store', signal: AbortSignal.timeout(patience), ...options,
          headers: { Accept: 'application/json', ...(options && options.headers) } });
    const json = (answer.headers.get('Content-Type') || '').startsWith('application/json');
    return { answer, data: json ? await answer.json() : null };
  }
  async function update() {
    clearTimeout(timer);
    try {
      const { data } = await ask();
      if (!data || !data.about) throw new Error('not this page');
      answered();
      if (!paused) show(data);
    } catch (e) {
      unanswered();
    }
    schedule();
  }
  function schedule() {
    clearTimeout(timer);
    const complete = shown && shown.about.page === 'trace' && shown.complete && !goneSince;
    if (!paused && !document.hidden && !complete) timer = setTimeout(update, period);
  }
  async function setLevel(form) {
    const name = form.dataset.logger !== undefined ? form.dataset.logger : form.elements.logger.value.trim();
    const level = form.elements.level.value;
    try {
      const { answer, data } = await ask({ method: 'POST', body: JSON.stringify({ name, level }),
          headers: { 'Content-Type': 'application/json', 'X-Requested-With': 'cokit' } });
      if (!answer.ok) return say('Not changed: ' + (await answer.text()).trim(), true);
      show(data);
      if (form.dataset.logger === undefined && form.isConnected) form.reset();
      say((name || 'All loggers') + ': ' + level, true);
    } catch (e) {
      unanswered();
    }
  }

  // --- what people do -----------------------------------------------------------------------------

  function toggle(button, open) {
    const id = button.dataset.span;
    if (open) opened.add(id);
    else opened.delete(id);
    button.setAttribute('aria-expanded', String(open));
    byId(button.getAttribute('aria-controls')).hidden = !open;
  }
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-span]');
    if (button) toggle(button, button.getAttribute('aria-expanded') !== 'true');
  });
  document.addEventListener('keydown', (event) => {
    const button = event.target.closest('button[data-span]');
    if (!button || event.ctrlKey || event.altKey || event.metaKey) return;
    const rows = [...document.querySelectorAll('button[data-span]')];
    const at = rows.indexOf(button);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined && rows[to]) rows[to].focus();
    else if (event.key === 'ArrowRight') toggle(button, true);
    else if (event.key === 'ArrowLeft') toggle(button, false);
    else return;
    event.preventDefault();
  });
  document.addEventListener('submit', (event) => {
    event.preventDefault();
    setLevel(event.target);
  });
  byId('pause').addEventListener('click', () => {
    paused = !paused;
    tell();
    if (paused) schedule();
    else update();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || paused) schedule();
    else update();
  });

  show(JSON.parse(byId('data').textContent));
  schedule();
})();
