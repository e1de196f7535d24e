/**
 * Checks values against a JSON schema by interpreting it: the usual validator of RJSF compiles
 * schemas with `eval`, which the content security policy refuses.
 */

import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
import {
  type CustomValidator,
  createErrorHandler,
  type ErrorTransformer,
  type RJSFSchema,
  type RJSFValidationError,
  toErrorSchema,
  type UiSchema,
  unwrapErrorHandler,
  type ValidationData,
  type ValidatorType,
  validationDataMerge,
} from '@rjsf/utils';
import { isRecord } from '../../api/entity';

/** They only say that something below them is wrong. */
const WRAPPERS = [
  'properties',
  'patternProperties',
  'items',
  'prefixItems',
  'allOf',
  '$ref',
  'if',
  'then',
  'else',
  'dependencies',
  'dependentSchemas',
];

type Values = Record<string, unknown>;

/** Values that were not given are not there, as in JSON. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function pathOf(location: string): string[] {
  const parts = location.replace(/^#\/?/, '').split('/').filter(Boolean);
  return parts.map(part => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What a location of a schema holds, through references. */
function at(root: unknown, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    const next = isRecord(value) || Array.isArray(value) ? (value as Values)[key] : undefined;
    return key === '$ref' && typeof next === 'string' ? at(root, pathOf(next)) : next;
  }, root);
}

/** What is wrong, to who fills in the form. */
function wordsOf({ keyword, error }: OutputUnit, limit: unknown): string {
  switch (keyword) {
    case 'required':
      return 'is needed';
    case 'pattern':
      return `does not fit the pattern ${limit}`;
    case 'minLength':
      return `is shorter than ${limit} characters`;
    case 'maxLength':
      return `is longer than ${limit} characters`;
    case 'minimum':
      return `is less than ${limit}`;
    case 'maximum':
      return `is more than ${limit}`;
    case 'minItems':
      return `has fewer than ${limit} items`;
    case 'maxItems':
      return `has more than ${limit} items`;
    case 'uniqueItems':
      return 'has an item twice';
    case 'format':
      return `is no ${limit}`;
    case 'type':
      return `is not of the type ${Array.isArray(limit) ? limit.join(' or ') : limit}`;
    default:
      return error.replace(/\.$/, '');
  }
}

const REQUIRED = /required property "(.*)"/;

function toError(unit: OutputUnit, schema: unknown): RJSFValidationError {
  const path = pathOf(unit.instanceLocation);
  const missing = unit.keyword === 'required' && REQUIRED.exec(unit.error)?.[1];
  if (missing) path.push(missing);
  const message = wordsOf(unit, at(schema, pathOf(unit.keywordLocation)));
  // Keys with dots or quotes are told apart by brackets.
  const property = path.map(key => (/^\w+$/.test(key) ? `.${key}` : `['${key}']`)).join('');
  return {
    name: unit.keyword,
    message,
    property,
    stack: `${path.at(-1) ?? 'The form'} ${message}`,
  };
}

function check(schema: RJSFSchema, value: unknown): RJSFValidationError[] {
  const result = new Validator(schema as Schema, '7', false).validate(plain(value) ?? {});
  if (result.valid) return [];
  const units = result.errors.filter(({ keyword }) => !WRAPPERS.includes(keyword));
  return (units.length > 0 ? units : result.errors).map(unit => toError(unit, schema));
}

class InterpretingValidator implements ValidatorType<Values> {
  validateFormData(
    formData: Values | undefined,
    schema: RJSFSchema,
    customValidate?: CustomValidator<Values>,
    transformErrors?: ErrorTransformer<Values>,
    uiSchema?: UiSchema<Values>,
  ): ValidationData<Values> {
    const found = check(schema, formData);
    const errors = transformErrors ? transformErrors(found, uiSchema) : found;
    const data = { errors, errorSchema: toErrorSchema<Values>(errors) };
    if (!customValidate) return data;
    const handler = customValidate(formData, createErrorHandler<Values>(formData ?? {}), uiSchema);
    return validationDataMerge(data, unwrapErrorHandler(handler));
  }

  isValid(schema: RJSFSchema, formData: unknown, rootSchema: RJSFSchema): boolean {
    const { definitions, $defs } = rootSchema;
    const whole = { ...(definitions && { definitions }), ...($defs && { $defs }), ...schema };
    try {
      return new Validator(whole as Schema, '7').validate(plain(formData) ?? {}).valid;
    } catch {
      // As RJSF asks: a schema that is wrong fits nothing.
      return false;
    }
  }

  rawValidation<Result>(schema: RJSFSchema, formData?: Values): { errors?: Result[] } {
    return { errors: check(schema, formData) as Result[] };
  }
}

export const validator: ValidatorType<Values> = new InterpretingValidator();
