/** The keys of all pages, also of those that are not open; a test compares them with the pages. */

export interface KeysOfPage {
  page: string;
  keys: [keys: string, label: string][];
}

export const KEYS: KeysOfPage[] = [
  {
    page: 'Anywhere',
    keys: [
      ['mod+k', 'Search and commands'],
      ['?', 'Keys of this page'],
      ['[', 'Fold the navigation'],
      ['g h', 'Home'],
      ['g c', 'Catalog'],
      ['g a', 'APIs'],
      ['g g', 'Graph'],
      ['g o', 'Organization'],
      ['g n', 'Create'],
      ['g i', 'Notifications'],
      ['g s', 'Settings'],
    ],
  },
  {
    page: 'Lists of entities',
    keys: [
      ['/', 'Filter'],
      ['j', 'Next row'],
      ['k', 'Previous row'],
      ['enter', 'Open'],
      ['o', 'Open in a new tab'],
      ['x', 'Select'],
      ['X', 'Select up to here'],
      ['s', 'Star'],
    ],
  },
  {
    page: 'An entity',
    keys: [
      ['s', 'Star, or no star'],
      ['y', 'Copy the reference'],
      ['r', 'Refresh'],
    ],
  },
  {
    page: 'Tables',
    keys: [
      ['j', 'Next row'],
      ['k', 'Previous row'],
      ['o', 'Open in a new tab'],
    ],
  },
  {
    page: 'Notifications',
    keys: [
      ['j', 'Next'],
      ['k', 'Previous'],
      ['enter', 'Open'],
      ['o', 'Open in a new tab'],
      ['x', 'Select'],
      ['e', 'Read, or unread'],
      ['s', 'Save, or no longer'],
    ],
  },
];
