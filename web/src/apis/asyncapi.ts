/** AsyncAPI 2 and 3: channels, what is done with them, and the messages they carry. */

import { firstLineOf } from '../ui/markdownText';
import {
  type Definition,
  distinct,
  entriesOf,
  type Field,
  field,
  listOf,
  MAX_OPERATIONS,
  type Operation,
  operation,
  recordOf,
  type Shape,
  shape,
  textOf,
} from './model';
import { Schemas } from './schemas';

type Json = Record<string, unknown>;

export function readAsyncApi(document: Json): Definition {
  const schemas = new Schemas(document);
  const isOld = /^[12]\b/.test(String(document.asyncapi ?? ''));
  const info = recordOf(document.info);
  const operations = isOld ? ofChannels(schemas) : ofOperations(schemas);
  for (const name of Object.keys(recordOf(recordOf(document.components).schemas))) {
    schemas.shape({ $ref: `#/components/schemas/${name.replaceAll('/', '~1')}` });
  }
  return {
    title: textOf(info.title),
    version: textOf(info.version),
    description: textOf(info.description),
    servers: entriesOf(document.servers).map(([name, value]) => {
      const server = schemas.resolve(value);
      const { host, pathname, protocol } = server;
      const url = textOf(server.url) ?? `${textOf(host) ?? ''}${textOf(pathname) ?? ''}`;
      const kind = textOf(protocol);
      const words = textOf(server.description) ?? name;
      return { url, description: kind ? `${words} (${kind})` : words };
    }),
    operations: distinct(operations).slice(0, MAX_OPERATIONS),
    types: schemas.types,
    problems: [],
  };
}

function textsOf(value: Json, fallback?: unknown): Partial<Operation> {
  const description = textOf(value.description) ?? textOf(fallback);
  const summary = textOf(value.summary) ?? textOf(value.title);
  const name = textOf(value.operationId) ?? '';
  return {
    summary: summary ?? (firstLineOf(description) || name),
    description: description === summary ? undefined : description,
    deprecated: value.deprecated === true ? '' : undefined,
  };
}

/** Version 2: who subscribes hears what the service publishes. */
function ofChannels(schemas: Schemas): Operation[] {
  return entriesOf(schemas.document.channels).flatMap(([address, value]) => {
    const channel = schemas.resolve(value);
    const found = (['publish', 'subscribe'] as const).filter(verb => verb in channel);
    if (found.length === 0) return [operation('CHANNEL', address, textsOf(channel))];
    return found.map(verb => {
      const given = withTraits(schemas, channel[verb]);
      const message = schemas.resolve(given.message);
      const choices = Array.isArray(message.oneOf) ? message.oneOf : [given.message];
      const messages = choices.filter(it => it !== undefined).map(it => messageOf(schemas, it));
      const sent = verb === 'publish' ? messages : [];
      return operation(verb.toUpperCase(), address, {
        ...textsOf(given, channel.description),
        inputs: [...parametersOf(schemas, channel), ...sent],
        outputs: verb === 'subscribe' ? messages : [],
      });
    });
  });
}

/** Version 3: operations say what the service itself does with a channel. */
function ofOperations(schemas: Schemas): Operation[] {
  const used = new Set<string>();
  const operations = entriesOf(schemas.document.operations).map(([name, value]) => {
    const given = withTraits(schemas, value);
    const channel = schemas.resolve(given.channel);
    const address = addressOf(given.channel, channel);
    used.add(address);
    const messages = messagesOf(schemas, given.messages, channel);
    const isSent = given.action !== 'receive';
    const answers = isSent ? [] : repliesOf(schemas, given.reply);
    const replies = isSent ? repliesOf(schemas, given.reply) : [];
    return operation(isSent ? 'SEND' : 'RECEIVE', address, {
      ...textsOf({ operationId: name, ...given }, channel.description),
      group: textOf(listOf(given.tags).map(tag => schemas.resolve(tag).name)[0]),
      inputs: [...parametersOf(schemas, channel), ...(isSent ? replies : messages)],
      outputs: isSent ? messages : answers,
    });
  });
  const others = entriesOf(schemas.document.channels).flatMap(([name, value]) => {
    const channel = schemas.resolve(value);
    const address = textOf(channel.address) ?? name;
    if (used.has(address)) return [];
    const outputs = messagesOf(schemas, undefined, channel);
    return [operation('CHANNEL', address, { ...textsOf(channel), outputs })];
  });
  return [...operations, ...others];
}

function addressOf(reference: unknown, channel: Json): string {
  const target = textOf(recordOf(reference).$ref);
  return textOf(channel.address) ?? target?.split('/').at(-1) ?? '';
}

function repliesOf(schemas: Schemas, value: unknown): Field[] {
  const reply = schemas.resolve(value);
  const channel = schemas.resolve(reply.channel);
  return messagesOf(schemas, reply.messages, channel).map(it => ({ ...it, place: 'reply' }));
}

/** The messages that are named, or all of the channel. */
function messagesOf(schemas: Schemas, listed: unknown, channel: Json): Field[] {
  if (listed !== undefined) return listOf(listed).map(it => messageOf(schemas, it));
  return entriesOf(channel.messages).map(([name, it]) => messageOf(schemas, it, name));
}

/** What several operations or messages have in common; their own words count more. */
function withTraits(schemas: Schemas, value: unknown): Json {
  const own = schemas.resolve(value);
  const traits = listOf(own.traits).map(trait => schemas.resolve(trait));
  return Object.assign({}, ...traits, own);
}

function parametersOf(schemas: Schemas, channel: Json): Field[] {
  return entriesOf(channel.parameters).map(([name, value]) => {
    const parameter = schemas.resolve(value);
    const of = schemas.shape(parameter.schema ?? { type: 'string', ...only(parameter) });
    const description = textOf(parameter.description) ?? of.description;
    return field(name, of, { place: 'address', isRequired: true, description });
  });
}

/** Version 3 has words of schemas in the parameter itself. */
function only({ enum: values, default: standard, examples }: Json): Json {
  return { enum: values, default: standard, examples };
}

function messageOf(schemas: Schemas, value: unknown, key = 'message'): Field {
  const message = withTraits(schemas, value);
  const target = textOf(recordOf(value).$ref)?.split('/').at(-1);
  const name = textOf(message.name) ?? textOf(message.title) ?? target ?? key;
  const content = textOf(message.contentType) ?? textOf(schemas.document.defaultContentType);
  const fields: Field[] = [];
  if (message.headers !== undefined) {
    fields.push(field('headers', payloadOf(schemas, message.headers)));
  }
  if (message.correlationId !== undefined) {
    const { location } = schemas.resolve(message.correlationId);
    const label = textOf(location) ?? 'anything';
    fields.push(field('correlation id', shape(label)));
  }
  if (message.payload !== undefined) {
    const format = textOf(message.schemaFormat);
    fields.push(field('payload', payloadOf(schemas, message.payload, format)));
  }
  const description = textOf(message.summary) ?? textOf(message.description);
  return field(name, shape('message', { fields }), {
    place: content,
    description,
    deprecated: message.deprecated === true ? '' : undefined,
  });
}

/** Payloads may be written in another language of schemas, which is named. */
function payloadOf(schemas: Schemas, value: unknown, format?: string): Shape {
  const given = recordOf(value);
  const language = format ?? textOf(given.schemaFormat);
  const schema = given.schemaFormat !== undefined ? given.schema : value;
  const isJson = !language || /asyncapi|openapi|schema\+(json|yaml)/.test(language);
  if (isJson) return schemas.shape(schema);
  const written = typeof schema === 'string' ? schema : JSON.stringify(schema, null, 2);
  return shape(language, { description: written });
}
