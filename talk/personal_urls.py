"""Addresses of what concerns one person: notifications, what they follow, e-mails, messages. Under /talk/."""

from django.urls import path

from talk.views import exports, following, mails, messages, notifications

urlpatterns = [
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/read/", notifications.notifications_read, name="notifications_read"),
    path("notifications/<int:pk>/", notifications.notification, name="notification"),
    path("following/", following.following, name="following"),
    path("follow/<str:kind>/<int:pk>/", following.follow, name="follow"),
    path("e-mails/", mails.mail_choices, name="mail_choices"),
    path("e-mails/stop/<str:token>/", mails.unsubscribe, name="unsubscribe"),
    path("e-mails/sent/", mails.mails, name="mails"),
    path("e-mails/sent/<int:pk>/", mails.mail, name="mail"),
    path("e-mails/sent/<int:pk>/html/", mails.mail_html, name="mail_html"),
    path("messages/", messages.messages, name="messages"),
    path("messages/<str:username>/", messages.conversation, name="conversation"),
    path("messages/<str:username>/report/", messages.message_report, name="message_report"),
    path("exports/", exports.exports, name="exports"),
    path("exports/<str:kind>.tar.gz", exports.export, name="export"),
]
