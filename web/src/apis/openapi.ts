/** OpenAPI 3, and 2 which was called Swagger. */

import { firstLineOf } from '../ui/markdownText';
import {
  type Definition,
  entriesOf,
  type Field,
  field,
  listOf,
  MAX_OPERATIONS,
  type Operation,
  operation,
  recordOf,
  type Server,
  shape,
  textOf,
} from './model';
import { Schemas } from './schemas';

const VERBS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];
/** Where version 2 keeps what version 3 has below `components`. */
const TYPES = { v2: '#/definitions/', v3: '#/components/schemas/' };
/** Words of a schema that version 2 writes into a parameter itself. */
const NOT_OF_SCHEMA = new Set(['name', 'in', 'required', 'description', 'collectionFormat']);

type Json = Record<string, unknown>;

export function readOpenApi(document: Json): Definition {
  const schemas = new Schemas(document);
  const isOld = typeof document.swagger === 'string';
  const paths = entriesOf(document.paths).flatMap(([path, item]) =>
    ofItem(schemas, path, schemas.resolve(item)),
  );
  const hooks = entriesOf(document.webhooks).flatMap(([name, item]) =>
    ofItem(schemas, name, schemas.resolve(item)).map(it => ({ ...it, group: 'Webhooks' })),
  );
  // Types that no operation refers to are part of it, too.
  const { definitions, components } = document;
  const named = isOld ? definitions : recordOf(components).schemas;
  for (const name of Object.keys(recordOf(named))) {
    const key = name.replaceAll('~', '~0').replaceAll('/', '~1');
    schemas.shape({ $ref: `${isOld ? TYPES.v2 : TYPES.v3}${key}` });
  }
  const info = recordOf(document.info);
  return {
    title: textOf(info.title),
    version: textOf(info.version),
    description: textOf(info.description),
    servers: isOld ? oldServers(document) : serversOf(document.servers),
    operations: [...paths, ...hooks].slice(0, MAX_OPERATIONS),
    types: schemas.types,
    problems: [],
  };
}

function serversOf(value: unknown): Server[] {
  return listOf(value).flatMap(item => {
    const { url, description, variables } = recordOf(item);
    if (typeof url !== 'string') return [];
    const filled = url.replace(/\{([^{}]+)\}/g, (hole, name: string) => {
      const { default: standard } = recordOf(recordOf(variables)[name]);
      return textOf(standard) ?? hole;
    });
    return [{ url: filled, description: textOf(description) }];
  });
}

function oldServers({ host, basePath, schemes }: Json): Server[] {
  const path = textOf(basePath) ?? '';
  if (typeof host !== 'string') return path ? [{ url: path }] : [];
  const known = listOf(schemes).filter(scheme => typeof scheme === 'string');
  return (known.length > 0 ? known : ['https']).map(scheme => ({
    url: `${scheme}://${host}${path}`,
  }));
}

function ofItem(schemas: Schemas, path: string, item: Json): Operation[] {
  return Object.entries(item)
    .filter(([verb]) => VERBS.includes(verb))
    .map(([verb, value]) => read(schemas, verb.toUpperCase(), path, item, recordOf(value)));
}

function read(schemas: Schemas, verb: string, path: string, item: Json, given: Json): Operation {
  const parameters = new Map<string, Json>();
  for (const value of [...listOf(item.parameters), ...listOf(given.parameters)]) {
    const parameter = schemas.resolve(value);
    parameters.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  const description = textOf(given.description);
  const summary = textOf(given.summary) ?? textOf(item.summary);
  const security = listOf(given.security ?? schemas.document.security);
  return operation(verb, path, {
    group: textOf(listOf(given.tags)[0]),
    summary: summary ?? (firstLineOf(description) || (textOf(given.operationId) ?? '')),
    description: description === summary ? undefined : description,
    deprecated: given.deprecated === true ? '' : undefined,
    inputs: [
      ...[...parameters.values()].map(parameter => parameterOf(schemas, parameter)),
      ...bodiesOf(schemas, schemas.resolve(given.requestBody)),
    ],
    outputs: entriesOf(given.responses).flatMap(([status, value]) =>
      answersOf(schemas, status, schemas.resolve(value)),
    ),
    needs: security.map(needsOf).filter(need => need !== ''),
  });
}

/** All that one way to sign in asks for. */
function needsOf(requirement: unknown): string {
  return entriesOf(requirement)
    .map(([name, scopes]) => [name, ...listOf(scopes).map(String)].join(' '))
    .join(' and ');
}

function parameterOf(schemas: Schemas, parameter: Json): Field {
  const { name, content } = parameter;
  const place = String(parameter.in ?? '');
  const [media] = entriesOf(content);
  const own = Object.fromEntries(
    Object.entries(parameter).filter(([key]) => !NOT_OF_SCHEMA.has(key)),
  );
  const schema = parameter.schema ?? (media ? recordOf(media[1]).schema : own);
  const of = schemas.shape(schema);
  return field(String(name ?? ''), withExample(of, parameter), {
    place,
    isRequired: parameter.required === true || place === 'path',
    description: textOf(parameter.description) ?? of.description,
    deprecated: parameter.deprecated === true ? '' : of.deprecated,
  });
}

function withExample(of: Field['shape'], { example, examples }: Json): Field['shape'] {
  const [first] = Object.values(recordOf(examples));
  const given = example ?? recordOf(first).value;
  return given === undefined ? of : { ...of, example: given };
}

function bodiesOf(schemas: Schemas, body: Json): Field[] {
  return entriesOf(body.content).map(([media, value]) =>
    field('body', withExample(schemas.shape(recordOf(value).schema), recordOf(value)), {
      place: media,
      isRequired: body.required === true,
      description: textOf(body.description),
    }),
  );
}

function answersOf(schemas: Schemas, status: string, answer: Json): Field[] {
  const description = textOf(answer.description);
  const content = entriesOf(answer.content).map(([media, value]) =>
    field(status, withExample(schemas.shape(recordOf(value).schema), recordOf(value)), {
      place: media,
      description,
    }),
  );
  if (content.length > 0) return content;
  const of = answer.schema === undefined ? shape('no body') : schemas.shape(answer.schema);
  return [field(status, of, { description })];
}
