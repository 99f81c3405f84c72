import { ApplicationFailure } from '@temporalio/common';
import { activityErrorTypes, type ActivityErrorType } from '../../activities/contract.ts';

export function failure(type: ActivityErrorType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: !activityErrorTypes[type].retryable });
}
