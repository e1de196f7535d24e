import type { Criteria } from '../../api/permission';
import { headOf, paramsText, partsOf } from './criteria';

/** A condition as an outline. */
export function CriteriaView({ criteria }: { criteria: Criteria }) {
  const parts = partsOf(criteria);
  if ('rule' in criteria) {
    return (
      <span>
        <code>{criteria.rule}</code> <span className="muted">{paramsText(criteria.params)}</span>
      </span>
    );
  }
  return (
    <div>
      <div className="muted">{headOf(criteria)}</div>
      <div className="criteria">
        <ul>
          {parts.map(part => (
            <li key={JSON.stringify(part)}>
              <CriteriaView criteria={part} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
