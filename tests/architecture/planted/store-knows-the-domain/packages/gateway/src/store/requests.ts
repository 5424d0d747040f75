import { ask } from '../workflow/requests.ts'
export const save = ask
