import { Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { CaretSortIcon, CheckIcon, ExitIcon } from '@radix-ui/react-icons'
import { useMe } from './me.ts'
import { useSignOut } from './sign-out.ts'
import classes from './user-menu.module.css'

const SCHEMES = { auto: 'As the system', light: 'Light', dark: 'Dark' } as const

/** Who is signed in, the colours, and the way out. */
export function UserMenu() {
  const me = useMe()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const signOut = useSignOut()
  return (
    <Menu position="top-start" width="13rem" withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.user}>
          <span className={classes.name}>{me.id}</span>
          <CaretSortIcon />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Colours</Menu.Label>
        {(['auto', 'light', 'dark'] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            role="menuitemradio"
            aria-checked={colorScheme === scheme}
            onClick={() => setColorScheme(scheme)}
            rightSection={colorScheme === scheme && <CheckIcon />}
          >
            {SCHEMES[scheme]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<ExitIcon />} onClick={() => signOut.mutate()} disabled={signOut.isPending}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
