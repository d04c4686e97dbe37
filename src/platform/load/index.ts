export { EventLoop } from './event-loop.js';
export { LoadModule } from './load.module.js';
export { Overload, type OverloadReason } from './overload.js';
export { shedLoad } from './shed-load.js';
