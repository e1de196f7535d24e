// What the actions `roadiehq:utils:*` ask of the libraries. Each function takes one object and gives
// a value that JSON can hold, or nothing.

const BOUNDS = { stack: 2000, sequence: 1e6 };

/** The result of a JSONata expression; as JSON or YAML if so wanted. */
async function evaluate({ expression, data, as, replacer, space, options }) {
  const result = await jsonata(expression, { ...BOUNDS, timeout: milliseconds }).evaluate(data);
  if (as === "json") return JSON.stringify(result, replacer, space);
  return as === "yaml" ? YAML.stringify(result, options) : result;
}

function jsonText({ data, replacer, space }) {
  return JSON.stringify(data, replacer, space);
}

function yamlText({ data, options }) {
  return YAML.stringify(data, options);
}

function replaceText({ text, find, isPattern, replacement }) {
  return text.replaceAll(isPattern ? new RegExp(find, "g") : find, replacement);
}

const isObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `content` over `target`: members are merged, lists are joined or replaced. */
function merged(target, content, joins) {
  if (Array.isArray(target)) return joins ? [...new Set(target.concat(content))] : content;
  if (!isObject(target) || !isObject(content)) return content;
  for (const [name, value] of Object.entries(content)) {
    const old = Object.hasOwn(target, name) ? target[name] : undefined;
    Object.defineProperty(target, name, {
      value: merged(old, value, joins),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return target;
}

function mergeJson({ text, content, joins, space }) {
  const parsed = typeof content === "string" ? JSON.parse(content) : content;
  return JSON.stringify(merged(JSON.parse(text), parsed, joins), null, space);
}

/** The same in the tree of a document, whose comments stay. */
function mergeNode(document, node, content, joins) {
  for (const [name, value] of Object.entries(content)) {
    const old = node.get(name, true);
    if (YAML.isMap(old) && isObject(value)) mergeNode(document, old, value, joins);
    else if (YAML.isSeq(old) && joins) joinNode(document, old, [value].flat());
    else if (YAML.isScalar(old) && (typeof value !== "object" || value === null)) old.value = value;
    else node.set(name, document.createNode(value));
  }
}

function joinNode(document, list, items) {
  const known = new Set(list.toJSON());
  for (const item of items) {
    if (!known.has(item)) list.add(document.createNode(item));
  }
}

function mergeDocument(document, content, { joins, keepsComments, options }) {
  if (!keepsComments || !YAML.isMap(document.contents) || !isObject(content)) {
    return YAML.stringify(merged(document.toJSON(), content, joins), options);
  }
  mergeNode(document, document.contents, content, joins);
  return document.toString(options);
}

/** The documents of a text, of which the only one, or those with a field, take the content in. */
function mergeYaml(input) {
  input.options ??= undefined;
  const documents = YAML.parseAllDocuments(input.text);
  const wrong = documents.flatMap?.((document) => document.errors) ?? [];
  if (wrong.length > 0) throw wrong[0];
  if (documents.length === 0) {
    throw new Error(
      "No documents found in the input content. Please provide a valid YAML file.",
    );
  }
  const content = typeof input.content === "string" ? YAML.parse(input.content) : input.content;
  if (documents.length === 1) return mergeDocument(documents[0], content, input);
  if (!input.including) {
    throw new Error(
      "Multiple documents found in the input content. Please provide a key and value to use to find the document to merge into.",
    );
  }
  const texts = documents.map((document) => {
    const isMeant = isIncluding(document, input);
    if (isMeant) return mergeDocument(document, content, input);
    return input.keepsComments
      ? document.toString(input.options)
      : YAML.stringify(document.toJSON(), input.options);
  });
  return texts.map((text) => text.replace(/^---\n/, "")).join("---\n");
}

function isIncluding(document, { including: { key, value }, keepsComments }) {
  // With comments the key is a path, as it is for Backstage's users.
  const found = keepsComments ? document.getIn(key.split(".")) : document.get(key);
  if (keepsComments) return found?.toString() === value;
  if (typeof found !== "string" && typeof found !== "number") {
    throw new Error(
      `The value at "${key}" defined in useDocumentIncludingField must be a string or a number.`,
    );
  }
  return String(found) === value;
}
