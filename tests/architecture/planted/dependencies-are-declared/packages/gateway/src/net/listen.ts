import { Command } from 'commander'
export const listen = Command
