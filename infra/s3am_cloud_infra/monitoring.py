"""What operators see: a dashboard and three alarms.

They cost what CloudWatch asks for beyond what an account has free (s3am_cloud/costs/prices.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, CfnCondition, CfnParameter, Duration, Fn, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from s3am_cloud import names

PERIOD = Duration.minutes(1)
"""Of the graphs. A worker reports what it moved when it ends, after 45 s as a rule."""

ALARM_PERIOD = Duration.minutes(5)


class Monitoring(Construct):
    """The dashboard, and alarms for jobs that failed, jobs that timed out and dead letters.

    `movers` are the functions that move bytes. A cancelled job is no failure. The oldest job is the oldest one that a
    worker has worked on in that minute: there is no point in the graph while nothing moves.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.StateMachine,
        worker: lambda_.IFunction,
        movers: Sequence[lambda_.IFunction],
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._machine, self._worker, self._movers, self._dead_letters = machine, worker, movers, dead_letters
        dashboard = cloudwatch.Dashboard(self, "Dashboard", period_override=cloudwatch.PeriodOverride.INHERIT)
        alarms = self._alarms()
        dashboard.add_widgets(
            _graph("Bytes per second", [self._bytes_per_second()]),
            _graph(
                "Active workers", [self._worker.metric("ConcurrentExecutions", statistic="Maximum", label="workers")]
            ),
            _graph("Retries and throttles", self._retries()),
        )
        dashboard.add_widgets(
            _graph("Failed invocations by error", [self._failures(), *self._errors()]),
            _graph("Jobs", self._jobs()),
            _graph("Age of the oldest job at work", [self._measured(names.JOB_AGE, worker, "Maximum", "seconds")]),
        )
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(alarms=alarms, title="Alarms", width=24, height=2))

    def _bytes_per_second(self) -> cloudwatch.IMetric:
        using = {f"m{n}": self._measured(names.BYTES_MOVED, mover) for n, mover in enumerate(self._movers)}
        total = " + ".join(f"FILL({name}, 0)" for name in using)
        return cloudwatch.MathExpression(
            expression=f"({total}) / PERIOD(m0)", using_metrics=using, period=PERIOD, label="bytes/s"
        )

    def _retries(self) -> list[cloudwatch.IMetric]:
        retries: list[cloudwatch.IMetric] = [
            self._measured(names.RETRIES, mover, label=f"retries {n}") for n, mover in enumerate(self._movers)
        ]
        return [*retries, self._worker.metric_throttles(period=PERIOD, label="throttles")]

    def _failures(self) -> cloudwatch.IMetric:
        """A line for each name of an error that there has been."""
        service = names.SERVICE_DIMENSION
        # A name with other characters than letters, digits and _ stands in quotes (CloudWatch user guide, "Search
        # expression syntax"); without them the graph shows nothing.
        schema = f'{{"{names.METRICS_NAMESPACE}",{service},{names.ERROR_DIMENSION}}}'
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{schema} MetricName=\"{names.FAILURES}\" {service}=\"{Aws.STACK_NAME}\"', 'Sum', 60)",
            using_metrics={},
            period=PERIOD,
            label="",
        )

    def _errors(self) -> list[cloudwatch.IMetric]:
        """Lambda's own count: crashes and timeouts, which name nothing, are in it as well."""
        return [self._worker.metric_errors(period=PERIOD, label="all of the worker's")]

    def _jobs(self) -> list[cloudwatch.IMetric]:
        machine = self._machine
        return [
            machine.metric_started(period=PERIOD, label="started"),
            machine.metric_succeeded(period=PERIOD, label="succeeded"),
            machine.metric_failed(period=PERIOD, label="failed"),
            machine.metric_timed_out(period=PERIOD, label="timed out"),
            machine.metric_aborted(period=PERIOD, label="cancelled"),
        ]

    def _measured(
        self, name: str, function: lambda_.IFunction, statistic: str = "Sum", label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric that the functions write themselves."""
        return cloudwatch.Metric(
            namespace=names.METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={names.SERVICE_DIMENSION: Aws.STACK_NAME, names.FUNCTION_DIMENSION: function.function_name},
            statistic=statistic,
            period=PERIOD,
            label=label,
        )

    def _alarms(self) -> list[cloudwatch.Alarm]:
        topic = _topic(self)
        failed = "jobs of s3am-cloud failed: s3am-cloud jobs, then s3am-cloud status and logs JOB"
        timed_out = "jobs of s3am-cloud were stopped after 14 days: s3am-cloud jobs"
        letters = "s3am-cloud refused or could not handle an event: s3am-cloud events failed"
        visible = self._dead_letters.metric_approximate_number_of_messages_visible(
            period=ALARM_PERIOD, statistic="Maximum"
        )
        return [
            self._alarm("JobFailed", self._machine.metric_failed(period=ALARM_PERIOD), failed, topic),
            self._alarm("JobTimedOut", self._machine.metric_timed_out(period=ALARM_PERIOD), timed_out, topic),
            self._alarm("DeadLetter", visible, letters, topic),
        ]

    def _alarm(self, construct_id: str, metric: cloudwatch.Metric, meaning: str, topic: str) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            metric=metric,
            alarm_description=meaning,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        raw = alarm.node.default_child
        assert isinstance(raw, cloudwatch.CfnAlarm)
        raw.add_property_override("AlarmActions", {"Fn::If": [_HAS_TOPIC, [topic], {"Ref": "AWS::NoValue"}]})
        return alarm


NOWHERE = "none"
_HAS_TOPIC = "AlarmsAreSent"


def _topic(scope: Construct) -> str:
    """The SNS topic that alarms are sent to: a parameter. It can't be empty, since an action's ARN never is."""
    stack = Stack.of(scope)
    parameter = CfnParameter(
        stack,
        names.ALARM_TOPIC,
        default=NOWHERE,
        description=f"ARN of the SNS topic that alarms are sent to; {NOWHERE}: they are only seen on the dashboard",
        allowed_pattern=f"{NOWHERE}|arn:[a-z-]+:sns:.+",
    )
    CfnCondition(stack, _HAS_TOPIC, expression=Fn.condition_not(Fn.condition_equals(parameter, NOWHERE)))
    return parameter.value_as_string


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title, left=list(metrics), width=8, left_y_axis=cloudwatch.YAxisProps(min=0), period=PERIOD
    )
