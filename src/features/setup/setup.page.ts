/** The set-up page, in three parts because its CSP allows nothing inline. */
export const setupPage = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Set up Gatehouse</title>
  <link rel="stylesheet" href="/setup/setup.css">
  <script src="/setup/setup.js" defer></script>
</head>
<body>
  <main>
    <h1>Set up Gatehouse</h1>
    <p>Make the first administrator. This link works once.</p>
    <form id="form">
      <label>Email <input name="email" type="email" autocomplete="email" required></label>
      <label>Username <input name="username" autocomplete="username" minlength="3" maxlength="32" required></label>
      <label>Password <small>15 characters or more</small>
        <input name="password" type="password" autocomplete="new-password" minlength="15" maxlength="256" required></label>
      <label>Password again
        <input name="passwordConfirmation" type="password" autocomplete="new-password" required></label>
      <button>Make administrator</button>
    </form>
    <p id="message" role="status"></p>
    <p id="next" hidden>Next: <a href="/docs">look around in Swagger UI</a>.</p>
  </main>
</body>
</html>
`;

export const setupScript = `'use strict';
const form = document.getElementById('form');
const message = document.getElementById('message');
const next = document.getElementById('next');
const token = location.hash.slice(1);
// Out of the address bar and the history, where others may read it.
history.replaceState(null, '', location.pathname);
if (!token) {
  form.hidden = true;
  message.textContent = 'Open this page with the link that the service printed when it started.';
}
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if (fields.password !== fields.passwordConfirmation) {
    message.textContent = 'The two passwords differ.';
    return;
  }
  const body = JSON.stringify({ ...fields, token });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/api/v1/setup', { method: 'POST', headers, body });
  const result = await answer.json();
  if (answer.ok) {
    form.hidden = true;
    message.textContent = 'Done. ' + result.username + ' is an administrator now.';
    next.hidden = false;
    return;
  }
  const errors = (result.errors || []).map(({ pointer, message }) =>
    message.startsWith(pointer.slice(1)) ? message : pointer.slice(1) + ': ' + message);
  message.textContent = errors.length > 0 ? errors.join('; ') : result.title + '. ' + result.detail;
});
`;

export const setupStyle = `body { font: 16px/1.5 system-ui, sans-serif; margin: 0; background: #f4f5f7; color: #1b1f24; }
main { max-width: 26rem; margin: 4rem auto; padding: 2rem; background: #fff; border-radius: 8px; box-shadow: 0 1px 4px #0002; }
h1 { margin-top: 0; font-size: 1.5rem; }
label { display: block; margin: 1rem 0; font-weight: 600; }
small { font-weight: 400; color: #57606a; }
input { display: block; width: 100%; box-sizing: border-box; margin-top: .25rem; padding: .5rem; font: inherit; border: 1px solid #8c959f; border-radius: 4px; }
button { padding: .6rem 1.2rem; font: inherit; font-weight: 600; color: #fff; background: #0b5cad; border: 0; border-radius: 4px; cursor: pointer; }
button:focus-visible, input:focus-visible { outline: 3px solid #0b5cad66; }
`;
