/** Parts that are loaded when somebody is about to use them, to spare the first view their code. */

import {
  type ButtonHTMLAttributes,
  type ComponentType,
  cloneElement,
  type ReactElement,
  useCallback,
  useState,
} from 'react';
import { told } from '../app/told';

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

/** A part once it was asked for, and how to ask for it; that it cannot be loaded is told. */
export function useLate<P>(load: Load<P>): [ComponentType<P> | undefined, () => void] {
  const [part, setPart] = useState<{ component: ComponentType<P> }>();
  const ask = useCallback(() => {
    load().then(
      ({ default: component }) => setPart({ component }),
      () => told.set('This needs a part of the app that could not be loaded. Try again.'),
    );
  }, [load]);
  return [part?.component, ask];
}

type Trigger = ReactElement<ButtonHTMLAttributes<HTMLButtonElement>>;

/** What a menu is given that opens as soon as it is loaded. */
export interface LateMenuParts {
  trigger: Trigger;
  /** Who opens it with keys is at its first item. */
  opened: 'keys' | 'pointer';
}

interface LateMenuProps<P> {
  /** The button. */
  trigger: Trigger;
  load: Load<P & LateMenuParts>;
  menu: P;
}

/** A button whose menu is loaded when somebody is about to open it. */
export function LateMenu<P extends object>({ trigger, load, menu }: LateMenuProps<P>) {
  const [Loaded, ask] = useLate(load);
  const [opened, setOpened] = useState<LateMenuParts['opened']>('pointer');
  if (Loaded) return <Loaded {...menu} trigger={trigger} opened={opened} />;
  return cloneElement(trigger, {
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    onPointerEnter: () => void load().catch(() => undefined),
    onClick: event => {
      // A click of the keyboard is none of a mouse.
      setOpened(event.detail === 0 ? 'keys' : 'pointer');
      ask();
    },
  });
}
