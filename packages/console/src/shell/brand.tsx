import classes from './brand.module.css'

export function Brand() {
  return (
    <span className={classes.brand}>
      <svg width="20" height="20" viewBox="0 0 16 16" aria-hidden="true">
        <rect width="16" height="16" rx="3.5" className={classes.field} />
        <path d="M3.5 8.2 6 10.7 9.4 5.6M8.2 10.7 12.5 5" className={classes.stroke} />
      </svg>
      Countersign
    </span>
  )
}
