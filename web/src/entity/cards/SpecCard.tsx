import { type Entity, isRecord } from '../../api/entity';
import { Card } from '../../ui/Page';

const MAX_TEXT = 400;

/** The fields of a kind that has no cards of its own. */
export function SpecCard({ entity }: { entity: Entity }) {
  const fields = Object.entries(entity.spec ?? {}).filter(([, value]) => isShort(value));
  if (fields.length === 0) return null;
  return (
    <Card title="Specification">
      <dl className="facts">
        {fields.map(([key, value]) => (
          <Field key={key} name={key} value={value} />
        ))}
      </dl>
    </Card>
  );
}

function Field({ name, value }: { name: string; value: unknown }) {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return (
    <>
      <dt>{name}</dt>
      <dd>{typeof value === 'object' ? <code>{text}</code> : text}</dd>
    </>
  );
}

/** Long values are on the YAML tab. */
function isShort(value: unknown): boolean {
  if (Array.isArray(value) && value.some(isRecord)) return false;
  return value !== null && JSON.stringify(value).length <= MAX_TEXT;
}
