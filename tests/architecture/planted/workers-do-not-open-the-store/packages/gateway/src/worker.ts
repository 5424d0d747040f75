import { openStore } from './store/open.ts'

openStore()
