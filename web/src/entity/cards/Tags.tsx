import { Link } from '@tanstack/react-router';
import { formatTerm } from '../../catalog/query';

/** Tags, each leading to everything of the kind that has it. */
export function Tags({ tags, kind }: { tags: string[]; kind: string }) {
  const term = (key: string, value: string) => formatTerm({ key, value, negated: false });
  return (
    <>
      {tags.map(tag => (
        <Link
          key={tag}
          className="chip"
          to="/catalog"
          search={{ q: `${term('kind', kind.toLowerCase())} ${term('tag', tag)}` }}
        >
          {tag}
        </Link>
      ))}
    </>
  );
}
