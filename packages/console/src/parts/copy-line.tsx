import { ActionIcon, CopyButton } from '@mantine/core'
import { CheckIcon, CopyIcon } from '@radix-ui/react-icons'
import classes from './copy-line.module.css'

/** A line to be copied into another program. */
export function CopyLine({ label, line }: { readonly label: string; readonly line: string }) {
  return (
    <div className={classes.line}>
      <span className={classes.label}>{label}</span>
      <code className={classes.code} tabIndex={0}>
        {line}
      </code>
      <CopyButton value={line}>
        {({ copied, copy }) => (
          <ActionIcon variant="subtle" color="gray" onClick={copy} aria-label={copied ? `Copied: ${label}` : `Copy: ${label}`}>
            {copied ? <CheckIcon /> : <CopyIcon />}
          </ActionIcon>
        )}
      </CopyButton>
    </div>
  )
}
