/** What fields know beyond their schema: at once, and by asking the portal. */

import type { CustomValidator, ErrorSchema, FormValidation, RJSFSchema } from '@rjsf/utils';
import { catalog } from '../../api/catalog';
import { formatRef, isRecord, parseRef } from '../../api/entity';
import type { FormContext } from './context';
import { askedBy, hostOfField, hostWithoutToken } from './repo/credentials';
import { branchFault, nameFaults, ownerFault } from './repo/names';
import { missingOf, refusedOf, texts } from './repoUrl';

type Values = Record<string, unknown>;
type Options = Record<string, unknown>;

interface Found {
  path: (string | number)[];
  field: string;
  value: string;
  options: Options;
}

const MAX_DEPTH = 20;
/** So many answers of the portal are waited for. */
const MAX_ASKED = 50;

/** The values of a form that fields with a name of their own hold, wherever they are. */
export function fieldsIn(look: unknown, data: unknown, path: (string | number)[] = []): Found[] {
  if (!isRecord(look) || path.length > MAX_DEPTH) return [];
  const field = look['ui:field'];
  if (typeof field === 'string') {
    const values = Array.isArray(data) ? data : [data];
    const options = isRecord(look['ui:options']) ? look['ui:options'] : {};
    return values.flatMap(value =>
      typeof value === 'string' ? [{ path, field, value, options }] : [],
    );
  }
  if (Array.isArray(data)) {
    const { items } = look;
    return data.flatMap((item, at) =>
      fieldsIn(Array.isArray(items) ? items[at] : items, item, [...path, at]),
    );
  }
  if (!isRecord(data)) return [];
  return Object.entries(data).flatMap(([name, value]) =>
    fieldsIn(look[name], value, [...path, name]),
  );
}

const NAME = /^([A-Za-z0-9]+[-_.])*[A-Za-z0-9]{1,63}$/;

type Check = (value: string, options: Options, context: FormContext) => string | undefined;

const CHECKS: Record<string, Check> = {
  EntityNamePicker: value =>
    NAME.test(value) && value.length <= 63
      ? undefined
      : 'has letters and digits, with - _ or . between them, at most 63 in all',
  RepoUrlPicker: (value, options) => {
    const missing = missingOf(value);
    if (missing.length > 0) return `still needs: ${missing.join(', ')}`;
    const refused = refusedOf(value, options);
    if (refused.length > 0) return `may not have this: ${refused.join(', ')}`;
    return Object.values(nameFaults(value))[0];
  },
  RepoOwnerPicker: (value, options, context) =>
    texts(options.excludedOwners).includes(value)
      ? 'may not be this one'
      : ownerFault(value, hostOfField('RepoOwnerPicker', value, options, context)),
  RepoBranchPicker: branchFault,
};

/** A template that works with the account of a person cannot begin without it. */
function tokenFault({ field, value, options }: Found, context: FormContext): string | undefined {
  const host = hostOfField(field, value, options, context);
  const missing = hostWithoutToken(host, askedBy(options), context.secrets);
  return missing && `needs you to sign in at ${missing.host}`;
}

/** What can be said at once. */
export function checkWith(context: FormContext): CustomValidator<Values, RJSFSchema, FormContext> {
  return (data, errors, uiSchema) => {
    for (const found of fieldsIn(uiSchema, data)) {
      const { field, value, options } = found;
      const fault = CHECKS[field]?.(value, options, context) ?? tokenFault(found, context);
      if (fault) errorsAt(errors, found.path)?.addError(fault);
    }
    return errors;
  };
}

function errorsAt(errors: FormValidation<Values>, path: (string | number)[]) {
  return path.reduce<FormValidation<Values> | undefined>(
    (at, key) => at?.[key] as FormValidation<Values> | undefined,
    errors,
  );
}

const PICKERS = ['EntityPicker', 'OwnedEntityPicker', 'OwnerPicker', 'MultiEntityPicker'];

/** The reference that a field asks about. */
export function refOfField({ value, options }: Pick<Found, 'value' | 'options'>): string {
  const kind = typeof options.defaultKind === 'string' ? options.defaultKind : 'component';
  const ref = parseRef(value, kind);
  const { defaultNamespace } = options;
  const isShort = !value.includes('/') && typeof defaultNamespace === 'string';
  return formatRef(isShort ? { ...ref, namespace: defaultNamespace } : ref);
}

/** What only the portal knows; nothing when it does not answer, which is no fault of the values. */
export async function askPortal(
  look: unknown,
  data: Values,
): Promise<ErrorSchema<Values> | undefined> {
  const found = fieldsIn(look, data).slice(0, MAX_ASKED);
  const refs = found.filter(
    ({ field, options }) => PICKERS.includes(field) && options.allowArbitraryValues === false,
  );
  const names = found.filter(
    ({ field, options }) => field === 'EntityNamePicker' && typeof options.freeFor === 'string',
  );
  try {
    const asked = [
      ...refs.map(refOfField),
      ...names.map(({ value, options }) => formatRef(parseRef(value, String(options.freeFor)))),
    ];
    if (asked.length === 0) return undefined;
    const there = await catalog.entities(asked, ['kind']);
    const faults: [Found, string][] = [
      ...refs.flatMap((it, at): [Found, string][] =>
        there[at] ? [] : [[it, `is nothing that the catalog has: ${it.value}`]],
      ),
      ...names.flatMap((it, at): [Found, string][] =>
        there[refs.length + at] ? [[it, 'is taken']] : [],
      ),
    ];
    return faults.length > 0 ? asErrors(faults) : undefined;
  } catch {
    return undefined;
  }
}

function asErrors(faults: [Found, string][]): ErrorSchema<Values> {
  const root: Values = {};
  for (const [{ path }, message] of faults) {
    let at = root;
    for (const key of path) {
      at[key] = isRecord(at[key]) ? at[key] : {};
      at = at[key] as Values;
    }
    at.__errors = [...(Array.isArray(at.__errors) ? at.__errors : []), message];
  }
  return root as ErrorSchema<Values>;
}
