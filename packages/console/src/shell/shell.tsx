import { ActionIcon, Drawer } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { HamburgerMenuIcon } from '@radix-ui/react-icons'
import { Link, Outlet } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { LivenessContext, useLiveQueries } from '../api/live.ts'
import { Loading } from '../parts/states.tsx'
import { Brand } from './brand.tsx'
import { Connection, ConnectionLost } from './connection.tsx'
import { useBrowserNotices } from './browser-notices.ts'
import { Menu } from './menu.tsx'
import classes from './shell.module.css'
import { Shortcuts } from './shortcuts.tsx'
import { UserMenu } from './user-menu.tsx'

/** So long the pages wait for the stream of changes: what is read before it is opened has to be read again. */
const STREAM_MS = 1_000

/** Every page, in its frame, and kept true. */
export function Shell() {
  const liveness = useLiveQueries()
  const [patient, setPatient] = useState(true)
  useEffect(() => {
    const timer = setTimeout(() => setPatient(false), STREAM_MS)
    return () => clearTimeout(timer)
  }, [])
  return <LivenessContext value={liveness}>{liveness === 'connecting' && patient ? <Loading what="Countersign" /> : <Frame />}</LivenessContext>
}

/** The menu beside the page, or behind a button where the screen is narrow. */
function Frame() {
  useBrowserNotices()
  const [opened, { open, close }] = useDisclosure(false)
  const foot = (
    <div className={classes.foot}>
      <Connection />
      <UserMenu />
    </div>
  )
  return (
    <Shortcuts>
      <a href="#page" className={classes.skip}>
        Skip to the page
      </a>
      <div className={classes.frame}>
        <header className={classes.bar}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Open the menu" aria-expanded={opened} onClick={open}>
            <HamburgerMenuIcon />
          </ActionIcon>
          <Link to="/" className={classes.home}>
            <Brand />
          </Link>
          <Connection />
        </header>
        <Drawer opened={opened} onClose={close} size="17rem" title={<Brand />} closeButtonProps={{ 'aria-label': 'Close the menu' }}>
          <div className={classes.drawer}>
            <Menu onChoose={close} />
            {foot}
          </div>
        </Drawer>
        <header className={classes.side}>
          <Link to="/" className={classes.home}>
            <Brand />
          </Link>
          <Menu />
          {foot}
        </header>
        <main id="page" className={classes.page} tabIndex={-1}>
          <ConnectionLost />
          <Outlet />
        </main>
      </div>
    </Shortcuts>
  )
}
