/** Kinds of entities: icon, colour and plural, the same everywhere. */

import {
  Blocks,
  Box,
  Database,
  FileQuestionMark,
  Layers,
  type LucideIcon,
  MapPin,
  Plug,
  SquareDashedBottomCode,
  User,
  Users,
} from 'lucide-react';

interface KindLook {
  icon: LucideIcon;
  color: string;
  plural: string;
}

const KINDS: Record<string, KindLook> = {
  component: { icon: Box, color: 'var(--kind-component)', plural: 'Components' },
  api: { icon: Plug, color: 'var(--kind-api)', plural: 'APIs' },
  resource: { icon: Database, color: 'var(--kind-resource)', plural: 'Resources' },
  system: { icon: Blocks, color: 'var(--kind-system)', plural: 'Systems' },
  domain: { icon: Layers, color: 'var(--kind-domain)', plural: 'Domains' },
  group: { icon: Users, color: 'var(--kind-group)', plural: 'Groups' },
  user: { icon: User, color: 'var(--kind-user)', plural: 'Users' },
  location: { icon: MapPin, color: 'var(--kind-location)', plural: 'Locations' },
  template: { icon: SquareDashedBottomCode, color: 'var(--kind-template)', plural: 'Templates' },
};

export function kindLook(kind: string): KindLook {
  const known = KINDS[kind.toLowerCase()];
  return known ?? { icon: FileQuestionMark, color: 'var(--kind-other)', plural: kind };
}

/** The kind as people write it. */
export function kindName(kind: string): string {
  return kind.toLowerCase() === 'api' ? 'API' : kind.charAt(0).toUpperCase() + kind.slice(1);
}
