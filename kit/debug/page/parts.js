// What the pages are made of.

function card(title, about, ...content) {
  const id = 'h-' + title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return el(
    'section',
    { class: 'card', 'aria-labelledby': id, 'data-key': id },
    el('div', { class: 'card-head' }, el('h2', { id }, title), about && el('p', {}, about)),
    content,
  );
}
const empty = (text) => el('p', { class: 'empty' }, text);
const tile = (name, value, more, bad) =>
  el(
    'div',
    { class: 'tile', 'data-bad': bad ? 'true' : null, 'data-key': name },
    el('dt', {}, name),
    el('dd', {}, value),
    more ? el('dd', {}, more) : null,
  );
// Roles are said, as styles that make lists of tables on small screens take them away.
function table(label, heads, rows) {
  return el(
    'table',
    { role: 'table', 'aria-label': label },
    el(
      'thead',
      { role: 'rowgroup' },
      el(
        'tr',
        { role: 'row' },
        heads.map(([name, type]) => el('th', { role: 'columnheader', scope: 'col', class: type }, name)),
      ),
    ),
    el('tbody', { role: 'rowgroup' }, rows),
  );
}
const row = (key, ...cells) => el('tr', { role: 'row', 'data-key': key }, cells);
const head = (...content) => el('th', { role: 'rowheader', scope: 'row' }, content);
const cell = (label, type, ...content) =>
  el('td', { role: 'cell', class: type, 'data-label': label }, content);

function chart(label, kind, bars, most, extra) {
  const width = 100 / Math.max(1, bars.length);
  const gap = width * (bars.length > 30 ? 0.15 : 0.12);
  return el(
    'svg',
    {
      class: 'chart ' + kind,
      viewBox: '0 0 100 100',
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    el('line', { class: 'chart-base', x1: 0, x2: 100, y1: 100, y2: 100 }),
    bars.map(({ value, bad }, i) => {
      const height = most ? (value / most) * 96 : 0;
      const badHeight = most ? ((bad || 0) / most) * 96 : 0;
      const box = (h, name) =>
        h > 0 &&
        el('rect', {
          class: name,
          x: (i * width).toFixed(2),
          width: (width - gap).toFixed(2),
          y: (100 - Math.max(h, 3)).toFixed(2),
          height: Math.max(h, 3).toFixed(2),
        });
      return [box(height, 'chart-bar'), box(badHeight, 'chart-bad')];
    }),
    extra,
  );
}
function minuteChart(e, kind) {
  const most = Math.max(...e.minute);
  const failed = e.minute_failures.reduce((a, b) => a + b, 0);
  const label = most
    ? 'Last minute: up to ' +
      plural(most, 'call', 'calls') +
      ' a second, ' +
      plural(failed, 'error', 'errors')
    : 'No calls in the last minute';
  return chart(
    label,
    kind,
    e.minute.map((value, i) => ({ value, bad: e.minute_failures[i] })),
    most,
  );
}
function latencyChart({ bounds, counts }, kind) {
  const most = Math.max(0, ...counts);
  const top = counts.indexOf(most);
  const label = most
    ? 'Latencies: most often up to ' +
      time(bounds[top]) +
      ', from about ' +
      time(bounds[0]) +
      ' to ' +
      time(bounds[bounds.length - 1])
    : 'No latencies';
  return chart(
    label,
    kind,
    counts.map((value) => ({ value })),
    most,
  );
}
function ticks({ bounds }) {
  const some =
    bounds.length < 4 ? bounds : [0, 1, 2, 3].map((i) => bounds[Math.round((i / 3) * (bounds.length - 1))]);
  return el('p', { class: 'scale' }, some.length ? some.map((t) => el('span', {}, time(t))) : 'none');
}
const errorTag = (failed, all) =>
  failed ? el('span', { class: 'bad' }, percent(failed, all)) : el('span', { class: 'quiet' }, '0%');

function endpointsTable(endpoints) {
  if (!endpoints.length) return empty('No endpoint is watched: see inspector::watch.');
  return table(
    'Endpoints',
    [
      ['Endpoint'],
      ['Last minute', 'picture'],
      ['Calls/s', 'num'],
      ['Errors', 'num'],
      ['In flight', 'num'],
      ['p50', 'num'],
      ['p90', 'num'],
      ['p99', 'num'],
      ['Latencies', 'picture'],
    ],
    endpoints.map((e) => {
      // Of an endpoint that is seldom called, all that is known.
      const seldom = e.latency.p50 === null && e.latency_since_start.p50 !== null;
      const latency = seldom ? e.latency_since_start : e.latency;
      const took = (s) => el('span', { class: seldom ? 'quiet' : null }, time(s));
      return row(
        e.name,
        head(endpointLink(e.name)),
        cell('Last minute', 'picture', minuteChart(e, 'small')),
        cell('Calls/s', 'num', rate(e.rate.calls_10s)),
        cell('Errors', 'num', errorTag(e.rate.failures_1m, e.rate.calls_1m)),
        cell('In flight', 'num', whole(e.in_flight)),
        cell('p50', 'num', took(latency.p50)),
        cell('p90', 'num', took(latency.p90)),
        cell('p99', 'num', took(latency.p99)),
        cell('Latencies', 'picture', latencyChart(seldom ? e.histogram_since_start : e.histogram, 'small')),
      );
    }),
  );
}
function deadline(r) {
  if (r.cancelled) return el('span', { class: 'tag bad' }, 'cancelled');
  if (r.deadline_left === null) return el('span', { class: 'quiet' }, 'none');
  const late = r.deadline_left < 0;
  return el(
    'span',
    { class: late ? 'bad' : null },
    late ? time(-r.deadline_left) + ' over' : time(r.deadline_left),
  );
}
function requestsTable(requests) {
  if (!requests.length) return empty('Nothing is in flight.');
  return table(
    'Requests in flight',
    [['Endpoint'], ['Age', 'num'], ['Deadline in', 'num'], ['Waits for'], ['Trace']],
    requests.map((r) =>
      row(
        null,
        head(endpointLink(r.endpoint)),
        cell('Age', 'num', time(r.age)),
        cell('Deadline in', 'num', deadline(r)),
        cell(
          'Waits for',
          'whole',
          r.waits_for === null
            ? el('span', { class: 'quiet' }, '\u2013')
            : [
                el('span', { class: 'break' }, r.waits_for),
                el('span', { class: 'quiet' }, ' for ' + time(r.waits_since)),
              ],
        ),
        cell(
          'Trace',
          'whole',
          r.trace_id === null
            ? el('span', { class: 'quiet' }, '\u2013')
            : el(
                'span',
                { class: 'mono id', title: r.trace_id },
                shown.about.has_traces
                  ? traceLink(r.trace_id, r.trace_id.slice(0, 8))
                  : r.trace_id.slice(0, 8),
              ),
        ),
      ),
    ),
  );
}
function tracesTable(label, traces, none) {
  if (!traces.length) return empty(none);
  return table(
    label,
    [['Trace'], ['Duration', 'num'], ['Spans', 'num'], ['Started', 'num'], ['Result', 'result']],
    traces.map((t) =>
      row(
        t.trace_id,
        head(traceLink(t.trace_id, t.name || '(no name)')),
        cell('Duration', 'num quarter', time(t.length)),
        cell('Spans', 'num quarter', whole(t.spans)),
        cell('Started', 'num quarter', clock(t.start)),
        cell(
          'Result',
          t.message ? 'whole' : 'quarter',
          t.failed
            ? [el('span', { class: 'tag bad' }, 'error'), ' ', t.message]
            : el('span', { class: 'tag good' }, 'ok'),
        ),
      ),
    ),
  );
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
const facts = (pairs) =>
  el(
    'dl',
    { class: 'facts' },
    pairs.map(([k, v]) => [el('dt', {}, k), el('dd', {}, v)]),
  );
