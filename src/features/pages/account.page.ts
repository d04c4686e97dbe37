const input = (label: string, attributes: string): string =>
  `<label>${label} <input ${attributes} required></label>`;

const newPassword = (least: number, length: string): string =>
  `${input(`Password <small>${length}</small>`, `name="password" type="password" autocomplete="new-password" minlength="${least}" maxlength="256"`)}
      ${input('Password again', 'name="passwordConfirmation" type="password" autocomplete="new-password"')}`;

/** One page for all links: the fragment says what is wanted, and keeps the token from servers. */
export const accountPage = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Your account</title>
  <link rel="stylesheet" href="/setup/setup.css">
  <script src="/account/account.js" defer></script>
</head>
<body>
  <main>
    <h1>Your account</h1>
    <form id="confirm" data-path="auth/email/verify" data-done="Your address is confirmed." hidden>
      <p>Confirm that this address is yours.</p>
      <button>Confirm the address</button>
    </form>
    <form id="reset" data-path="auth/password/reset" data-done="Your password is set. Sign in with it." hidden>
      <p>Set a new password. All sessions of the account end with it.</p>
      ${newPassword(8, '15 characters or more; beside a second factor 8')}
      <button>Set the password</button>
    </form>
    <form id="invite" data-path="auth/register" data-token="invitation" data-done="Your account is made. Sign in." hidden>
      <p>Make an account with the address to which the invitation was sent.</p>
      ${input('Email', 'name="email" type="email" autocomplete="email"')}
      ${input('Username', 'name="username" autocomplete="username" minlength="3" maxlength="32"')}
      ${newPassword(15, '15 characters or more')}
      <button>Make an account</button>
    </form>
    <form id="restore" data-path="users/restore" data-done="Your account is back. Sign in." hidden>
      <p>Take back the deletion of your account.</p>
      <button>Take the account back</button>
    </form>
    <form id="forgot" data-path="auth/password/forgot" data-done="If the address has an account, a link is on its way." hidden>
      <p>Have a link sent to you with which you set a new password.</p>
      ${input('Email', 'name="email" type="email" autocomplete="email"')}
      <button>Send the link</button>
    </form>
    <p id="message" role="status"></p>
  </main>
</body>
</html>
`;

export const accountScript = `'use strict';
const message = document.getElementById('message');
const [wanted, token] = location.hash.slice(1).split(':');
// Out of the address bar and the history, where others may read it.
history.replaceState(null, '', location.pathname);
// A further link that is opened in the same tab changes the fragment alone.
addEventListener('hashchange', () => location.reload());
const names = ['confirm', 'reset', 'invite', 'restore', 'forgot'];
const name = wanted === 'change' ? 'confirm' : wanted;
const form = names.includes(name) ? document.getElementById(name) : null;
if (form && (token || wanted === 'forgot')) form.hidden = false;
else message.textContent = 'Open this page with a link from a mail.';
// Nothing happens by opening a link alone: programs that look through mails open them too.
if (form) form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if ('password' in fields && fields.password !== fields.passwordConfirmation) {
    message.textContent = 'The two passwords differ.';
    return;
  }
  if (token) fields[form.dataset.token || 'token'] = token;
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify(fields) };
  const answer = await fetch('/api/v1/' + form.dataset.path, request);
  if (answer.ok) {
    form.hidden = true;
    message.textContent = form.dataset.done;
    return;
  }
  const problem = await answer.json();
  const errors = (problem.errors || []).map(({ pointer, message }) =>
    message.startsWith(pointer.slice(1)) ? message : pointer.slice(1) + ': ' + message);
  message.textContent = errors.length > 0 ? errors.join('; ') : problem.title + '. ' + problem.detail;
});
`;
