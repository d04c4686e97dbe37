export { BrowserGuard } from './browser.guard.js';
export { BrowserModule } from './browser.module.js';
export { BrowserSessionView } from './browser-session.view.js';
export {
  DropsCredentials,
  ExchangesCredentials,
  IssuesCredentials,
} from './cookie-use.decorator.js';
export { type CookieUse, cookieUseMetadata } from './cookie-use.js';
export { accessCookie, accessTokenOf } from './credential-cookies.js';
export { CredentialMode } from './credential-mode.dto.js';
