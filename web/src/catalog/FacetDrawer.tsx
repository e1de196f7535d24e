/** The filters over the page, where there is no room beside the list. */

import { Dialog as Radix } from 'radix-ui';
import type { ReactNode, RefObject } from 'react';
import { Button } from '../ui/Button';

interface FacetDrawerProps {
  onClose: () => void;
  /** Has the focus again afterwards. */
  button: RefObject<HTMLButtonElement | null>;
  children: ReactNode;
}

export default function FacetDrawer({ onClose, button, children }: FacetDrawerProps) {
  return (
    <Radix.Root open onOpenChange={isOpen => isOpen || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="overlay" />
        <Radix.Content
          className="dialog"
          aria-describedby={undefined}
          onCloseAutoFocus={event => {
            event.preventDefault();
            button.current?.focus();
          }}
        >
          <div className="dialog-head">
            <Radix.Title>Filters</Radix.Title>
            <Radix.Close asChild>
              <Button size="small">Done</Button>
            </Radix.Close>
          </div>
          <div className="dialog-body">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
