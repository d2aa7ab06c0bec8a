// Each page, from the data that its address gives.

function overview(d) {
  const sum = (f) => d.endpoints.reduce((all, e) => all + f(e), 0);
  const failures = sum((e) => e.rate.failures_10s);
  const calls = sum((e) => e.rate.calls_10s);
  const [cpu, of] = cpuUse(d);
  return [
    heading('Overview', el('p', {}, 'Up ' + time(d.about.uptime))),
    el(
      'dl',
      { class: 'tiles', 'data-key': 'tiles' },
      tile('Calls per second', rate(calls), rate(sum((e) => e.rate.calls_1m)) + ' over a minute'),
      tile('Errors per second', rate(failures), percent(failures, calls) + ' of calls', failures > 0),
      tile('In flight', whole(d.about.in_flight), plural(d.endpoints.length, 'endpoint', 'endpoints')),
      tile('Memory', bytes(d.process.memory), 'resident'),
      tile('CPU', cpu, of),
    ),
    card(
      'Endpoints',
      'Calls over 10 s, the rest over a minute; latencies in grey since the start',
      endpointsTable(d.endpoints),
    ),
    el(
      'div',
      { class: 'pair', 'data-key': 'pair' },
      card(
        'Longest in flight',
        el('a', { href: base + 'requests' }, 'All requests'),
        requestsTable(d.requests),
      ),
      d.about.has_traces &&
        card(
          'Latest failures',
          el('a', { href: base + 'traces' }, 'All traces'),
          tracesTable('Latest failures', d.failed, 'No trace has failed.'),
        ),
    ),
  ];
}
function requests(d) {
  const hidden = d.about.in_flight - d.requests.length;
  return [
    heading(
      'Requests in flight',
      el(
        'p',
        {},
        'The oldest first' + (hidden > 0 ? '; ' + whole(hidden) + ' younger ones are not shown' : ''),
      ),
    ),
    card('In flight', plural(d.about.in_flight, 'request', 'requests'), requestsTable(d.requests)),
  ];
}
function traces(d) {
  const chip = (name, href, current) =>
    el('li', {}, el('a', { href, 'aria-current': current ? 'true' : null }, name));
  return [
    heading(
      'Traces',
      el(
        'p',
        {},
        'Kept in memory: of each kind of trace the latest, the slowest and those that failed' +
          (d.dropped ? '; of ' + whole(d.dropped) + ' spans nothing, as too many were going on' : ''),
      ),
    ),
    d.endpoints.length > 1 &&
      el(
        'nav',
        { 'aria-label': 'Which traces', 'data-key': 'chips' },
        el(
          'ul',
          { class: 'chips' },
          chip('All', base + 'traces', d.endpoint === null),
          d.endpoints.map((e) =>
            chip(e, base + 'traces?endpoint=' + encodeURIComponent(e), e === d.endpoint),
          ),
        ),
      ),
    card('Failed', 'the latest first', tracesTable('Failed', d.failed, 'No trace has failed.')),
    card('Slowest', 'the slowest first', tracesTable('Slowest', d.slowest, 'No trace yet.')),
    card('Recent', 'the latest first', tracesTable('Recent', d.recent, 'No trace yet.')),
  ];
}
function endpoint(d) {
  const e = d.endpoint;
  const quantile = (name) =>
    tile(name, time(e.latency[name]), time(e.latency_since_start[name]) + ' since the start');
  const names = {
    ok: 'ok',
    business_error: 'business error',
    refused: 'refused',
    canceled: 'cancelled',
    failed: 'failed',
  };
  return [
    heading(
      e.name,
      el(
        'p',
        {},
        plural(e.calls, 'call', 'calls') + ', ' + plural(e.failures, 'error', 'errors') + ' since the start',
      ),
    ),
    el(
      'dl',
      { class: 'tiles', 'data-key': 'tiles' },
      tile('Calls per second', rate(e.rate.calls_10s), rate(e.rate.calls_1m) + ' over a minute'),
      tile(
        'Errors per second',
        rate(e.rate.failures_10s),
        percent(e.rate.failures_1m, e.rate.calls_1m) + ' over a minute',
        e.rate.failures_10s > 0,
      ),
      tile('In flight', whole(e.in_flight)),
      quantile('p50'),
      quantile('p90'),
      quantile('p99'),
    ),
    card(
      'Last minute',
      'calls each second, errors in red',
      minuteChart(e, 'mid'),
      el('p', { class: 'scale' }, el('span', {}, '60 s ago'), el('span', {}, 'now')),
    ),
    el(
      'div',
      { class: 'pair', 'data-key': 'pictures' },
      card('Latencies now', 'over a minute', latencyChart(e.histogram, 'mid'), ticks(e.histogram)),
      card(
        'Latencies of all calls',
        'since the start',
        latencyChart(e.histogram_since_start, 'mid'),
        ticks(e.histogram_since_start),
      ),
    ),
    el(
      'div',
      { class: 'pair', 'data-key': 'more' },
      card(
        'Layers',
        'a call goes from the first to the last',
        el(
          'ol',
          { class: 'stack' },
          d.layers.map((l) => el('li', {}, l)),
          el('li', { class: 'core' }, 'handler'),
        ),
      ),
      card(
        'How calls ended',
        null,
        facts(Object.entries(names).map(([key, name]) => [name, whole(d.endings[key] || 0)])),
        e.last_failure &&
          el(
            'p',
            { class: 'note break' },
            el('strong', {}, 'Last error, ' + time(e.last_failure.age) + ' ago: '),
            e.last_failure.code === e.last_failure.message
              ? e.last_failure.code
              : e.last_failure.code + ': ' + e.last_failure.message,
          ),
      ),
    ),
    d.decisions.length > 0 && card('Decisions', 'of its layers', decisionTotals(d.decisions, false)),
    card('In flight', 'the oldest first', requestsTable(d.requests)),
  ];
}
function build(d) {
  const p = d.process;
  const [cpu, of] = cpuUse(d);
  return [
    heading('Build and process', el('p', {}, 'Up ' + time(d.about.uptime) + ', since ', day(d.started))),
    el(
      'dl',
      { class: 'tiles', 'data-key': 'tiles' },
      tile('CPU', cpu, of),
      tile('CPU time', time(p.cpu)),
      tile('Memory', bytes(p.memory), bytes(p.virtual_memory) + ' virtual'),
      tile('Open files', whole(p.open_files), p.max_files < 1e9 ? 'of ' + whole(p.max_files) : null),
      tile('Threads', whole(p.threads)),
    ),
    card('Build', null, facts(d.build)),
  ];
}
const missing = (d) => [
  heading('Not found', el('p', {}, d.message)),
  el('p', {}, el('a', { href: base }, 'To the overview')),
];
const pages = { overview, requests, traces, trace, endpoint, decisions, levels, build, missing };

function frame(a) {
  byId('service').textContent = a.name;
  byId('brand').setAttribute('href', base);
  const link = (name, path, page, count) =>
    el(
      'li',
      { 'data-key': name },
      el(
        'a',
        { href: base + path, 'aria-current': a.page === page ? 'page' : null },
        name,
        count ? [' ', el('span', { class: 'count' }, whole(count))] : null,
      ),
    );
  draw(byId('pages'), [
    link('Overview', '', 'overview'),
    link('Requests', 'requests', 'requests', a.in_flight),
    a.has_traces && link('Traces', 'traces', 'traces'),
    a.has_decisions && link('Decisions', 'decisions', 'decisions'),
    a.has_levels && link('Levels', 'levels', 'levels'),
    link('Build', 'build', 'build'),
  ]);
}
function show(d) {
  if (shown && d.about.page === 'missing' && shown.about.page !== 'missing') {
    lost = true; // what was there stays to be read
    return tell();
  }
  lost = false;
  shown = d;
  base = d.about.base;
  frame(d.about);
  draw(main, pages[d.about.page](d));
  tell();
}
