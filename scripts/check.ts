import { checkAll } from './checks.ts';

const { failures, seconds } = await checkAll();
for (const { name, output } of failures) console.error(`${name}\n${output}\n`);
if (failures.length === 0) console.log(`Format, lint, types and unused code are in order (${seconds} s).`);
else process.exitCode = 1;
