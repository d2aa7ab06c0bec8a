// Making elements, and making the page's elements like others in place. Texts only ever become text nodes and
// attributes.

const drawings = new Set(['svg', 'rect', 'line', 'title']);
function el(tag, attributes, ...children) {
  const e = drawings.has(tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
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
