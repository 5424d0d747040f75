import { may } from '../../core/src/request.ts'

export const InboxPage = () => <p>{may ? 'yes' : 'no'}</p>
