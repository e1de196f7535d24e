import type { CSSProperties } from 'react';
import { kindLook } from './kinds';

export function KindIcon({ kind, size = 16 }: { kind: string; size?: number }) {
  const { icon: Icon, color } = kindLook(kind);
  const style = { '--kind-color': color, width: size, height: size } as CSSProperties;
  return <Icon className="kind-icon" style={style} aria-hidden />;
}
