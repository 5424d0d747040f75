import { createTheme } from '@mantine/core'

/** One accent; everything else is grey, and colour means a state. vite.config.ts makes the variables of this a file. */
export const theme = createTheme({
  primaryColor: 'indigo',
  colors: { dark: ['#e4e6ea', '#c3c8d0', '#9ba2ad', '#6f7682', '#3d434c', '#2d3137', '#202429', '#1b1e22', '#141619', '#101214'] },
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  respectReducedMotion: true,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '1.25rem', lineHeight: '1.4' }, h2: { fontSize: '1rem', lineHeight: '1.4' }, h3: { fontSize: '0.875rem', lineHeight: '1.4' } },
  },
  components: {
    Button: { defaultProps: { size: 'sm' } },
    // Locking the scroll is done by base.css: the library that Mantine uses for it writes a <style>, which the Content-Security-Policy forbids.
    Modal: { defaultProps: { lockScroll: false, centered: true, overlayProps: { backgroundOpacity: 0.4 } } },
    // A `<header>` outside everything is the banner of the page, and there is one.
    ModalHeader: { defaultProps: { component: 'div' } },
    DrawerHeader: { defaultProps: { component: 'div' } },
    Drawer: { defaultProps: { lockScroll: false } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true } },
  },
})
