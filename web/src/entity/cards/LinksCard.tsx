import { ExternalLink } from 'lucide-react';
import { type Entity, isWebUrl } from '../../api/entity';
import { Card } from '../../ui/Page';
import { Empty } from '../../ui/States';

const EXAMPLE = `metadata:
  links:
    - url: https://runbooks.example.com/my-service
      title: Runbook`;

/** Links that the owners wrote down. */
export function LinksCard({ entity }: { entity: Entity }) {
  const links = (entity.metadata.links ?? []).filter(link => isWebUrl(link.url));
  return (
    <Card title="Links" flush>
      {links.length === 0 && (
        <Empty title="No links yet" example={EXAMPLE}>
          Dashboards, runbooks and chat rooms belong here; add them to the file of this entity:
        </Empty>
      )}
      <ul className="rows">
        {links.map(link => (
          <li key={link.url}>
            <ExternalLink size={14} aria-hidden className="muted" />
            <a className="truncate" href={link.url} target="_blank" rel="noreferrer">
              {link.title ?? link.url}
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}
