// What policies decided about calls: refused, retried, opened ...

const endpointOf = (d) => head(d.endpoint ? endpointLink(d.endpoint) : '(without a name)');
function decisionTotals(totals, named) {
  if (!totals.length) return empty('Nothing was decided yet.');
  const heads = [['Decision'], ['Times', 'num'], ['The last one'], ['Ago', 'num']];
  return table(
    'Decisions',
    named ? [['Endpoint'], ...heads] : heads,
    totals.map((t) =>
      row(
        [t.endpoint, t.layer, t.decision].join(' '),
        named && endpointOf(t),
        cell('Decision', null, t.layer + ' ' + t.decision.replaceAll('_', ' ')),
        cell('Times', 'num', whole(t.count)),
        cell('The last one', null, t.text),
        cell('Ago', 'num', time(t.age)),
      ),
    ),
  );
}
function latestDecisions(latest) {
  if (!latest.length) return empty('Nothing was decided yet.');
  return table(
    'Latest decisions',
    [['Ago', 'num'], ['Endpoint'], ['Decision']],
    latest.map((r, i) => row(String(i), cell('Ago', 'num', time(r.age)), endpointOf(r), cell('Decision', null, r.text))),
  );
}
function decisions(d) {
  return [
    heading('Decisions', el('p', {}, 'What policies decided about calls, and on which numbers')),
    card('Latest', 'of many alike some', latestDecisions(d.latest)),
    card('All', plural(d.totals.length, 'kind', 'kinds'), decisionTotals(d.totals, true)),
  ];
}
