import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Lets the SDK download the `temporal` command that belongs to it into the given directory. The SDK has no function for
 * the download alone, so this starts the server once; a process of its own, so that it can be cut off.
 */
const [downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('usage: sdk-download.ts DIRECTORY');

const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir } },
});
await environment.teardown();
