import { Kbd, Modal, Switch, Table } from '@mantine/core'
import { useDisclosure, useLocalStorage } from '@mantine/hooks'
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'

export interface Shortcut {
  readonly key: string
  readonly does: string
  readonly run: () => void
}

type Register = (shortcuts: readonly Shortcut[]) => () => void

const ShortcutsContext = createContext<Register>(() => () => undefined)

/** Keys that do something while the component is there. They are listed under `?`, where somebody who speaks to his computer can turn them off. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const register = use(ShortcutsContext)
  useEffect(() => register(shortcuts), [register, shortcuts])
}

const SHOW_HELP = '?'

export function Shortcuts({ children }: { readonly children: ReactNode }) {
  const [registered, setRegistered] = useState<readonly (readonly Shortcut[])[]>([])
  const [opened, { open, close }] = useDisclosure(false)
  const [on, setOn] = useLocalStorage({ key: 'countersign-keys', defaultValue: true, getInitialValueInEffect: false })
  const register = useMemo<Register>(
    () => (shortcuts) => {
      setRegistered((before) => [...before, shortcuts])
      return () => setRegistered((before) => before.filter((each) => each !== shortcuts))
    },
    [],
  )

  useEffect(() => {
    const all = [{ key: SHOW_HELP, does: 'Show these keys', run: open }, ...registered.flat()]
    const press = (event: KeyboardEvent) => {
      const found = isForPage(event) && (on || event.key === SHOW_HELP) ? all.findLast(({ key }) => key === event.key) : undefined
      if (!found) return
      event.preventDefault()
      found.run()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [registered, on, open])

  return (
    <ShortcutsContext value={register}>
      {children}
      <Modal opened={opened} onClose={close} title="Keys" closeButtonProps={{ 'aria-label': 'Close' }}>
        <Table>
          <Table.Tbody>
            {[...registered.flat(), { key: SHOW_HELP, does: 'Show these keys' }].map(({ key, does }) => (
              <Table.Tr key={key}>
                <Table.Td w="5rem">
                  <Kbd>{key}</Kbd>
                </Table.Td>
                <Table.Td>{does}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch mt="md" checked={on} onChange={(event) => setOn(event.currentTarget.checked)} label="Single keys do something" />
      </Modal>
    </ShortcutsContext>
  )
}

/** Not while somebody writes, chooses in a menu or a dialog, or means the browser's own shortcut. */
function isForPage(event: KeyboardEvent): boolean {
  const { ctrlKey, metaKey, altKey, isComposing } = event
  // In a shadow root (the editor of SQL) `target` is what the root belongs to.
  const [target] = event.composedPath()
  if (ctrlKey || metaKey || altKey || isComposing || document.querySelector('[role=dialog], [role=menu]')) return false
  return !(target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)))
}
