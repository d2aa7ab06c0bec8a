// Asks the page's own address again every two seconds, says whether it answers, and does what people want.

// For screen readers, and where it answers to what somebody did, for all.
function say(text, visible) {
  const said = byId('said');
  said.textContent = text;
  said.className = visible ? 'toast' : 'unseen';
  clearTimeout(hiding);
  if (visible)
    hiding = setTimeout(() => {
      said.className = 'unseen';
    }, 6000);
}
function tell() {
  const complete = shown && shown.about.page === 'trace' && shown.complete;
  const state = paused ? 'paused' : goneSince ? 'gone' : complete ? 'complete' : 'live';
  byId('state').dataset.state = state;
  byId('state-text').textContent = {
    paused: 'Paused',
    gone: 'No answer',
    live: 'Live',
    complete: 'Complete',
  }[state];
  byId('pause').textContent = paused ? 'Resume' : 'Pause';
  byId('pause').hidden = Boolean(complete);
  main.classList.toggle('stale', Boolean(goneSince));
  const gone = byId('gone');
  gone.hidden = !goneSince && !lost;
  gone.textContent = goneSince
    ? 'The server has not answered since ' +
      goneSince.toLocaleTimeString([], { hour12: false }) +
      '. Trying again.'
    : lost
      ? 'The server no longer has this. It is shown as it was last.'
      : '';
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
  const answer = await fetch(location.pathname + location.search, {
    cache: 'no-store',
    signal: AbortSignal.timeout(patience),
    ...options,
    headers: { Accept: 'application/json', ...(options && options.headers) },
  });
  const json = (answer.headers.get('Content-Type') || '').startsWith('application/json');
  return { answer, data: json ? await answer.json() : null };
}
async function update() {
  clearTimeout(timer);
  const { data } = await ask().catch(() => ({ data: null }));
  if (!data || !data.about) {
    unanswered();
  } else {
    answered();
    if (paused) tell();
    else show(data);
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
  const { answer, data } = await ask({
    method: 'POST',
    body: JSON.stringify({ name, level }),
    headers: { 'Content-Type': 'application/json', 'X-Requested-With': 'cokit' },
  }).catch(() => ({ answer: null }));
  if (!answer) return unanswered();
  if (!data) return say('Not changed: ' + (await answer.text()).trim(), true);
  show(data);
  if (form.dataset.logger === undefined && form.isConnected) form.reset();
  say((name || 'All loggers') + ': ' + level, true);
}

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
