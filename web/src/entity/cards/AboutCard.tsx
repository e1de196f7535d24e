/** The facts of an entity in words. */

import {
  annotation,
  type Entity,
  isRecord,
  isWebUrl,
  locationUrl,
  MANAGED_BY,
  refTextOf,
  relationsOf,
  SOURCE_LOCATION,
  specText,
} from '../../api/entity';
import { Described } from '../../ui/Described';
import { EntityLink } from '../../ui/EntityLink';
import { Card } from '../../ui/Page';
import { CopyButton } from '../../ui/Small';
import { Tags } from './Tags';

function Refs({ refs }: { refs: string[] }) {
  return (
    <>
      {refs.map(ref => (
        <EntityLink key={ref} entityRef={ref} />
      ))}
    </>
  );
}

export function AboutCard({ entity }: { entity: Entity }) {
  const profile = isRecord(entity.spec?.profile) ? entity.spec.profile : {};
  const email = typeof profile.email === 'string' ? profile.email : undefined;
  const owners = relationsOf(entity, 'ownedBy');
  const parents = relationsOf(entity, 'partOf');
  const source = locationUrl(annotation(entity, SOURCE_LOCATION));
  const managedBy = annotation(entity, MANAGED_BY);
  const target = specText(entity, 'target');
  return (
    <Card title="About">
      {entity.metadata.description && (
        <Described className="about-text" text={entity.metadata.description} />
      )}
      <dl className="facts">
        <Fact title="Owner" show={owners.length > 0}>
          <Refs refs={owners} />
        </Fact>
        <Fact title="Part of" show={parents.length > 0}>
          <Refs refs={parents} />
        </Fact>
        <Fact title="Email" show={email !== undefined}>
          <a href={`mailto:${email}`}>{email}</a>
        </Fact>
        <Fact title="Target" show={target !== undefined}>
          {target && isWebUrl(target) ? (
            <a href={target} rel="noreferrer" target="_blank">
              {target}
            </a>
          ) : (
            <code>{target}</code>
          )}
        </Fact>
        <Fact title="Tags" show={(entity.metadata.tags?.length ?? 0) > 0}>
          <Tags tags={entity.metadata.tags ?? []} kind={entity.kind} />
        </Fact>
        <Fact title="Source" show={source !== undefined}>
          <a href={source} rel="noreferrer" target="_blank">
            {source?.replace(/^https?:\/\//, '')}
          </a>
        </Fact>
        <Fact title="Read from" show={managedBy !== undefined}>
          <code className="muted">{managedBy?.replace(/^(url|file):/, '')}</code>
        </Fact>
        <Fact title="Reference" show>
          <code>{refTextOf(entity)}</code>
          <CopyButton text={refTextOf(entity)} label="Copy the reference" />
        </Fact>
      </dl>
    </Card>
  );
}

function Fact({
  title,
  show,
  children,
}: {
  title: string;
  show: boolean;
  children: React.ReactNode;
}) {
  if (!show) return null;
  return (
    <>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </>
  );
}
