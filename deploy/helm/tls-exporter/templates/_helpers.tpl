{{- define "tls-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "tls-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "tls-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "tls-exporter.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tls-exporter.selector" -}}
app.kubernetes.io/name: {{ include "tls-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tls-exporter.labels" -}}
{{ include "tls-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tls-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "tls-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "tls-exporter.probe" -}}
{{- if .root.Values.web.existingSecret -}}
tcpSocket: {port: http}
{{- else -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ .root.Values.web.scheme }}
{{- end }}
{{- end }}

{{- /* Seconds of a duration as "1m30s". */}}
{{- define "tls-exporter.seconds" -}}
{{- $units := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h|d)" . -1 -}}
{{- $number := regexFind "^[0-9]+" . -}}
{{- $sum = addf $sum (mulf (float64 $number) (get $units (trimPrefix $number .))) -}}
{{- end -}}
{{- $sum -}}
{{- end }}

{{- /* The timeout, or the interval where that is shorter: the operator refuses a timeout beyond the interval. */}}
{{- define "tls-exporter.timeout" -}}
{{- if gt (include "tls-exporter.seconds" .timeout | float64) (include "tls-exporter.seconds" .interval | float64) -}}
{{- .interval -}}
{{- else -}}
{{- .timeout -}}
{{- end -}}
{{- end }}

{{- /* Where the runbooks are: the exporter itself has them. */}}
{{- define "tls-exporter.runbooks" -}}
{{- $here := printf "%s://%s.%s.svc:%d/runbooks" (lower .Values.web.scheme) (include "tls-exporter.fullname" .) .Release.Namespace (int .Values.service.port) -}}
{{- .Values.runbooks | default $here | trimSuffix "/" -}}
{{- end }}
