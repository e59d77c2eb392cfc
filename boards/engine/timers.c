/* Timers that fire once, in the order of their time; of the same time in the order they were set. */
#include "host.h"

struct Timer {
	Timer *next;
	double when;
	uint32_t id;
	xsSlot callback;
};

/* xs_timer_set(callback, milliseconds): a number for xs_timer_clear */
void xs_timer_set(xsMachine *the)
{
	Host *host = hostOf(the);
	double delay = xsmcToNumber(xsArg(1));
	Timer **place = &host->timers;
	Timer *timer;

	if (!xsmcIsCallable(xsArg(0)))
		xsTypeError("callback: expected a function");
	if (!(delay >= 0))
		delay = 0;
	timer = calloc(1, sizeof(Timer));
	if (timer == NULL)
		xsUnknownError("no memory for a timer");
	timer->when = now() + delay;
	timer->id = ++host->lastTimer;
	timer->callback = xsArg(0);
	xsRemember(timer->callback);
	while (*place && (*place)->when <= timer->when)
		place = &(*place)->next;
	timer->next = *place;
	*place = timer;
	xsmcSetNumber(xsResult, timer->id);
}

/* xs_timer_clear(id) */
void xs_timer_clear(xsMachine *the)
{
	double id = xsmcToNumber(xsArg(0));
	Timer **place = &hostOf(the)->timers;

	while (*place && (*place)->id != id)
		place = &(*place)->next;
	if (*place) {
		Timer *timer = *place;
		*place = timer->next;
		xsForget(timer->callback);
		free(timer);
	}
}

/* xs_clock_now(): milliseconds since an arbitrary start */
void xs_clock_now(xsMachine *the)
{
	xsmcSetNumber(xsResult, now());
}

int timerDelay(Host *host)
{
	double delay;

	if (host->timers == NULL)
		return -1;
	delay = ceil(host->timers->when - now());
	return delay < 0 ? 0 : delay > 1000000 ? 1000000 : (int)delay;
}

void fireTimers(xsMachine *the, Host *host)
{
	double time = now();
	uint32_t last = host->lastTimer; /* those set from here on wait for the next turn */
	Timer *timer;

	while ((timer = host->timers) != NULL && timer->when <= time && timer->id <= last) {
		host->timers = timer->next;
		xsBeginHost(the);
		{
			xsTry {
				xsmcVars(1);
				xsVar(0) = xsAccess(timer->callback);
				xsForget(timer->callback);
				free(timer);
				xsCallFunction0(xsVar(0), xsUndefined);
				runPromiseJobs(the);
			}
			xsCatch {
				endUncaught(the, "uncaught");
			}
		}
		xsEndHost(the);
	}
}

void freeTimers(xsMachine *the, Host *host)
{
	while (host->timers) {
		Timer *timer = host->timers;
		host->timers = timer->next;
		xsForget(timer->callback);
		free(timer);
	}
}
