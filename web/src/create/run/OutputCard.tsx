/** What a run gives to who started it. */

import { Link } from '@tanstack/react-router';
import { parseRef } from '../../api/entity';
import type { TaskOutput } from '../../api/scaffolder';
import { Markdown } from '../../ui/Markdown';
import { Card } from '../../ui/Page';
import { addressOf } from './output';

type OutputLinkItem = NonNullable<TaskOutput['links']>[number];

export function OutputCard({ output }: { output: TaskOutput }) {
  const { links = [], text = [] } = output;
  const usable = links.filter(link => link.entityRef ?? (link.url && addressOf(link.url)));
  if (usable.length === 0 && text.length === 0) return null;
  return (
    <Card title="What came out">
      <div className="column" style={{ gap: 12 }}>
        {usable.length > 0 && (
          <div className="output-links">
            {usable.map(link => (
              <OutputLink key={`${link.title} ${link.url ?? link.entityRef}`} link={link} />
            ))}
          </div>
        )}
        {text.map(({ title, content }) => (
          <div key={`${title} ${content}`}>
            {title && <h3>{title}</h3>}
            {content && <Markdown text={content} />}
          </div>
        ))}
      </div>
    </Card>
  );
}

function OutputLink({ link }: { link: OutputLinkItem }) {
  if (link.entityRef) {
    return (
      <Link className="btn" to="/catalog/$namespace/$kind/$name" params={parseRef(link.entityRef)}>
        {link.title ?? link.entityRef}
      </Link>
    );
  }
  return (
    <a className="btn" href={link.url && addressOf(link.url)} target="_blank" rel="noreferrer">
      {link.title ?? link.url}
    </a>
  );
}
