import type { ComponentProps, ReactNode } from 'react';

type Variant = 'primary' | 'danger' | 'quiet';

interface ButtonProps extends ComponentProps<'button'> {
  variant?: Variant;
  size?: 'small';
}

export function Button({ variant, size, className, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={className ? `btn ${className}` : 'btn'}
      data-variant={variant}
      data-size={size}
      {...rest}
    />
  );
}

interface IconButtonProps extends Omit<ButtonProps, 'aria-label'> {
  /** What the button does: its name, and its tooltip. */
  label: string;
  children: ReactNode;
}

/** A button with an icon only. */
export function IconButton({ label, variant = 'quiet', ...rest }: IconButtonProps) {
  return <Button data-icon="" variant={variant} aria-label={label} title={label} {...rest} />;
}
