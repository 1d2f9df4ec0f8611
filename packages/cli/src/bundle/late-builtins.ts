/**
 * Node's own modules, loaded when something of them is used for the first time, and Node's cache of compiled code for libraries. Most of what a file imports is for a case that a
 * process does not have: half of a start went into modules nobody used.
 */

/** What Node has loaded anyway before a program begins, or what every proxy uses at once. */
const atOnce = ['buffer', 'events', 'fs', 'net', 'path', 'timers', 'url', 'util', 'vm'];

/**
 * Stands before the text of a bundle and gives `require` its way. What stands for a module is empty until one of its properties is
 * looked for; then it has them all, as properties of its own, and costs no more than the module would.
 */
export const lateBuiltins = `
require = ((load) => {
  const atOnce = new Set(${JSON.stringify(atOnce)});
  const faces = new Map();
  const late = (id) => {
    const face = Object.create(new Proxy({}, {
      get: (_, key) => (show(), face[key]),
      has: (_, key) => (show(), Object.hasOwn(face, key)),
    }));
    const show = () => {
      Object.setPrototypeOf(face, null);
      Object.defineProperties(face, Object.getOwnPropertyDescriptors(load(id)));
    };
    return face;
  };
  let keepCompiled = () => {
    keepCompiled = () => {};
    load('node:module').enableCompileCache(__dirname + '/compiled');
  };
  return (id) => {
    if (!id.startsWith('node:')) {
      keepCompiled();
      return load(id);
    }
    let face = faces.get(id);
    if (!face) faces.set(id, (face = atOnce.has(id.slice(5)) ? load(id) : late(id)));
    return face;
  };
})(require);
`.replaceAll('\n', '').replace(/ {2,}/g, ' ');
