// Numbers, times and names as people read them.

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
  const units = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
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
const day = (iso) =>
  el('time', { datetime: iso, title: iso }, new Date(iso).toLocaleString([], { hour12: false }));
// A slash in a name is no end of a path's segment, not even where a proxy decodes it.
const segment = (name) => encodeURIComponent(name.replaceAll('~', '~7E').replaceAll('/', '~2F'));
const endpointLink = (name) => el('a', { href: base + 'endpoints/' + segment(name) }, name);
const traceLink = (id, text) => el('a', { href: base + 'traces/' + id }, text);
