import { Controller, Get, Param } from '@nestjs/common';

import { type ErrorCode, errors } from '../../catalogue/errors.js';
import { Access } from '../../platform/access/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { ProblemTypeListView, ProblemTypeView } from './problem.view.js';

/** The pages behind the `type` of every error. */
@Controller('problems')
@Access.public()
export class ProblemsController {
  /** List every error code. */
  @Get()
  list(): ProblemTypeListView {
    return { items: (Object.keys(errors) as ErrorCode[]).map(ProblemTypeView.of) };
  }

  /**
   * What one error code means and what to do about it.
   * @throws {404} problems.unknown
   */
  @Get(':code')
  read(@Param('code') code: string): ProblemTypeView {
    return ProblemTypeView.of(known(code));
  }
}

function known(code: string): ErrorCode {
  if (!Object.hasOwn(errors, code)) throw new AppError('problems.unknown');
  return code as ErrorCode;
}
