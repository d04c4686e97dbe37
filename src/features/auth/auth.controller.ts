import { applyDecorators, Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { DropsCredentials, ExchangesCredentials, IssuesCredentials } from '../browser/index.js';
import { SessionsService } from '../sessions/index.js';
import { Attempt } from './attempts.interceptor.js';
import { Login, Refresh, StepUpRequest, VerifySecondFactor } from './auth.dto.js';
import { SignInService } from './sign-in.service.js';
import { MfaRequiredView, TokensView } from './tokens.view.js';

/** A public route that takes a credential: limited by address, counted by outcome. */
const PublicAttempt = (type: 'register' | 'login' | 'second_factor'): MethodDecorator =>
  applyDecorators(Access.public(), Limit('auth'), Attempt(type));

/** Signing in ends in tokens, or in the question for a second factor. */
const LoginAttempt = (): MethodDecorator =>
  applyDecorators(
    PublicAttempt('login'),
    ApiExtraModels(TokensView, MfaRequiredView),
    ApiOkResponse({
      schema: { anyOf: [TokensView, MfaRequiredView].map((v) => ({ $ref: getSchemaPath(v) })) },
    }),
  );

const StepUpAttempt = (): MethodDecorator => applyDecorators(Access.signedIn(), Attempt('step_up'));

const RefreshAttempt = (): MethodDecorator =>
  applyDecorators(Access.public(), Limit('refresh'), Attempt('refresh'));

@Controller('auth')
export class AuthController {
  constructor(
    private readonly signIn: SignInService,
    private readonly sessions: SessionsService,
  ) {}

  /**
   * Sign in with email or username. The answer is the same for every cause of failure.
   * @throws {401} auth.invalid_credentials
   * @throws {429} auth.too_many_attempts
   * @throws {503} server.overloaded
   */
  @Post('login')
  @HttpCode(200)
  @LoginAttempt()
  @IssuesCredentials()
  login(@Body() request: Login): Promise<TokensView | MfaRequiredView> {
    return this.signIn.login(request);
  }

  /**
   * Complete a sign-in with a code of the authenticator or a recovery code.
   * @throws {401} mfa.invalid_token, mfa.invalid_code
   * @throws {429} auth.too_many_attempts
   */
  @Post('mfa/verify')
  @HttpCode(200)
  @PublicAttempt('second_factor')
  @IssuesCredentials()
  verify(@Body() request: VerifySecondFactor): Promise<TokensView> {
    return this.signIn.verify(request);
  }

  /**
   * Prove anew who you are, for what demands a recent sign-in. The answer replaces the tokens you
   * have: their session ends.
   * @throws {401} auth.invalid_credentials, mfa.invalid_code
   * @throws {429} auth.too_many_attempts
   * @throws {503} server.overloaded
   */
  @Post('step-up')
  @HttpCode(200)
  @StepUpAttempt()
  @IssuesCredentials()
  stepUp(@Body() request: StepUpRequest): Promise<TokensView> {
    return this.signIn.stepUp(request);
  }

  /**
   * Exchange a refresh token for new tokens. Each works once; for ten seconds the old one gets
   * the same successor, after that using it ends the session.
   * @throws {401} auth.invalid_refresh_token
   */
  @Post('refresh')
  @HttpCode(200)
  @RefreshAttempt()
  @ExchangesCredentials()
  refresh(@Body() request: Refresh): Promise<TokensView> {
    return this.signIn.refresh(request);
  }

  /** Sign out: the session ends, its access and refresh tokens stop working at once. */
  @Post('logout')
  @HttpCode(204)
  @Access.signedIn()
  @DropsCredentials()
  logout(): Promise<void> {
    return this.sessions.signOut();
  }

  /** Sign out everywhere: all your sessions end. */
  @Post('logout-all')
  @HttpCode(204)
  @Access.signedIn()
  @DropsCredentials()
  logoutAll(): Promise<void> {
    return this.sessions.signOutEverywhere();
  }
}
