/** What every field of a form reads of its properties. */

import type { FieldProps, RJSFSchema } from '@rjsf/utils';
import { isRecord } from '../../api/entity';
import type { FormContext } from './context';

// biome-ignore lint/suspicious/noExplicitAny: values are of any type until a field reads them
export type FieldPropsHere = FieldProps<any, RJSFSchema, FormContext>;

export function optionsOf({ uiSchema }: Pick<FieldPropsHere, 'uiSchema'>): Record<string, unknown> {
  const options = uiSchema?.['ui:options'];
  return isRecord(options) ? options : {};
}

export const set = (props: FieldPropsHere, value: unknown) =>
  props.onChange(value, props.fieldPathId.path);

export const isStill = ({ disabled, readonly }: FieldPropsHere) =>
  disabled === true || readonly === true;
