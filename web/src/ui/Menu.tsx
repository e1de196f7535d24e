/** Menus that open from a button. */

import { Check } from 'lucide-react';
import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import type { LateMenuParts } from './late';

interface MenuProps {
  /** The button. */
  trigger: ReactNode;
  children: ReactNode;
  align?: 'start' | 'end';
  /** It is open at first: it was loaded because its button was pressed. */
  opened?: LateMenuParts['opened'];
}

/** Keys begin at the first item. */
function toFirstItem(menu: HTMLElement | null) {
  if (menu) requestAnimationFrame(() => menu.querySelector<HTMLElement>('.menu-item')?.focus());
}

export function Menu({ trigger, children, align = 'end', opened }: MenuProps) {
  return (
    <Radix.Root defaultOpen={opened !== undefined}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          ref={opened === 'keys' ? toFirstItem : undefined}
          className="menu"
          align={align}
          sideOffset={4}
          collisionPadding={8}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface MenuItemProps {
  icon?: ReactNode;
  tone?: 'danger';
  disabled?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, tone, disabled, onSelect, children }: MenuItemProps) {
  return (
    <Radix.Item className="menu-item" data-tone={tone} disabled={disabled} onSelect={onSelect}>
      {icon}
      {children}
    </Radix.Item>
  );
}

interface MenuCheckProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}

/** An item that can be switched; the menu stays open. */
export function MenuCheck({ checked, onChange, children }: MenuCheckProps) {
  return (
    <Radix.CheckboxItem
      className="menu-item"
      checked={checked}
      onCheckedChange={onChange}
      onSelect={event => event.preventDefault()}
    >
      <span className="menu-check">
        <Radix.ItemIndicator>
          <Check size={14} />
        </Radix.ItemIndicator>
      </span>
      {children}
    </Radix.CheckboxItem>
  );
}

/** An item that leads to another site. */
export function MenuLink({
  href,
  icon,
  children,
}: {
  href: string;
  icon?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Radix.Item className="menu-item" asChild>
      <a href={href} target="_blank" rel="noreferrer">
        {icon}
        {children}
      </a>
    </Radix.Item>
  );
}

export function MenuLine() {
  return <Radix.Separator className="menu-line" />;
}
