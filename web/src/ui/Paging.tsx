import { Button } from './Button';
import { formatCount } from './Small';

interface PagingProps {
  /** Counted from zero. */
  page: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
}

/** The way to the other pages of a list; nothing when there is only one. */
export function Paging({ page, size, total, onPage }: PagingProps) {
  const last = Math.max(0, Math.ceil(total / size) - 1);
  if (last === 0) return null;
  return (
    <nav className="page-actions" aria-label="Pages">
      <Button disabled={page === 0} onClick={() => onPage(page - 1)}>
        Previous
      </Button>
      <span className="muted">
        Page {formatCount(page + 1)} of {formatCount(last + 1)}
      </span>
      <Button disabled={page >= last} onClick={() => onPage(page + 1)}>
        Next
      </Button>
    </nav>
  );
}
