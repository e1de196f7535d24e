// The libraries look for what browsers have, and some loops inside of the interpreter end neither by
// the clock nor by the limit of memory: those are refused by the work they would be.
globalThis.window = globalThis;

(() => {
  const MAX_JOINED = 1e6;
  const MAX_COMPARED = 1e9;

  const bound = (owner, name, work, most) => {
    const original = owner[name];
    const value = function (...given) {
      if (work(this, given[0]) > most) {
        throw new RangeError("the expression is too much work");
      }
      return Reflect.apply(original, this, given);
    };
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  };
  const compared = (text, part) => (typeof part === "string" ? text.length * part.length : 0);

  bound(Array.prototype, "join", (list) => list.length, MAX_JOINED);
  for (const name of ["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"]) {
    bound(String.prototype, name, compared, MAX_COMPARED);
  }
})();
