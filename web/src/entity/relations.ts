/** Relations in words. */

const TITLES: Record<string, string> = {
  ownedBy: 'Owned by',
  ownerOf: 'Owner of',
  consumesApi: 'Consumes APIs',
  apiConsumedBy: 'Consumed by',
  providesApi: 'Provides APIs',
  apiProvidedBy: 'Provided by',
  dependsOn: 'Depends on',
  dependencyOf: 'Needed by',
  parentOf: 'Parent of',
  childOf: 'Child of',
  memberOf: 'Member of',
  hasMember: 'Members',
  partOf: 'Part of',
  hasPart: 'Parts',
};

/** The relation in the other direction, for those that come in pairs. */
const INVERSE: Record<string, string> = {
  ownerOf: 'ownedBy',
  apiConsumedBy: 'consumesApi',
  apiProvidedBy: 'providesApi',
  dependencyOf: 'dependsOn',
  parentOf: 'childOf',
  hasMember: 'memberOf',
  hasPart: 'partOf',
};

export function relationTitle(type: string): string {
  const words = type.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return TITLES[type] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** One edge for both directions: `[from, type, to]` with the direction that people say. */
export function edgeOf(from: string, type: string, to: string): [string, string, string] {
  const inverse = INVERSE[type];
  return inverse ? [to, inverse, from] : [from, type, to];
}
