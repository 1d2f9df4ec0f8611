/**
 * One stream that has served, by the protocol of its client, with its connection and all else that hangs on it, kept so that there is one of
 * each kind of object. V8 compiles code for objects as they are laid out; when a full collection finds none left of a layout, it forgets the layout
 * and all code that was made for it. It collects so by itself some seconds after a burst, when no request is under way: then the next burst would
 * find nearly everything to be compiled anew, and for its first second the proxy could do half of what it can.
 */
export class Specimens {
  http1: object | undefined;
  http2: object | undefined;
}
