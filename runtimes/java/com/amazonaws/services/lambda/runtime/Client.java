package com.amazonaws.services.lambda.runtime;

/** The application that called, as its client context describes it. */
public interface Client {
    String getInstallationId();

    String getAppTitle();

    String getAppVersionName();

    String getAppVersionCode();

    String getAppPackageName();
}
