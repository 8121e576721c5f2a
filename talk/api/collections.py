"""REST of collections: everybody's public ones, and one's own."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import account_of
from accounts.models import User
from accounts.permissions import Public, SignedIn
from talk import collecting
from talk.api.serializers import CollectedSerializer, CollectionSerializer, CollectSerializer
from talk.api.shared import PublicToRead, refusals
from talk.models import Collection, CollectionItem


class PublicCollections(generics.ListAPIView):
    """Collections that everybody may see, changed last first."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = CollectionSerializer
    ordering = ("-changed_at", "-pk")
    queryset = Collection.objects.none()

    def get_queryset(self) -> QuerySet[Collection]:
        return collecting.collections_filled()


class OwnCollections(APIView):
    """One's own collections; make another."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(responses=CollectionSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = collecting.collections_of(account_of(request._request))
        return Response(CollectionSerializer(rows, many=True).data)

    @extend_schema(request=CollectionSerializer, responses={201: CollectionSerializer})
    def post(self, request: Request) -> Response:
        given = CollectionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with refusals():
            made = collecting.collection_save(owner=account_of(request._request), **given.validated_data)
        return Response(CollectionSerializer(made).data, status=status.HTTP_201_CREATED)


class CollectionDetail(APIView):
    """One collection: read by everybody where it is public, changed and deleted by its owner."""

    permission_classes = [PublicToRead]
    throttle_scope = "read"

    @extend_schema(responses=CollectionSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(CollectionSerializer(collecting.collection_for(request.user, public_id)).data)

    @extend_schema(request=CollectionSerializer(partial=True), responses=CollectionSerializer)
    def patch(self, request: Request, public_id: UUID) -> Response:
        owner = account_of(request._request)
        found = _own(owner, public_id)
        given = CollectionSerializer(found, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        values = {name: getattr(found, name) for name in ("title", "description", "is_public")} | given.validated_data
        with refusals():
            found = collecting.collection_save(owner=owner, collection=found, **values)
        return Response(CollectionSerializer(found).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        found = _own(account_of(request._request), public_id)
        collecting.collection_delete(collection=found)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CollectionSubjects(generics.ListAPIView):
    """The subjects of a collection, put in last first."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = CollectedSerializer
    queryset = CollectionItem.objects.none()

    def get_queryset(self) -> QuerySet[CollectionItem]:
        found = collecting.collection_for(self.request.user, self.kwargs["public_id"])
        return CollectionItem.objects.filter(collection=found)


class Collect(APIView):
    """Put a subject into one's collection, or take it out. Twice is once."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(request=CollectSerializer, responses=CollectionSerializer)
    def post(self, request: Request, public_id: UUID) -> Response:
        owner = account_of(request._request)
        found = _own(owner, public_id)
        given = CollectSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        change = collecting.subject_collect if given.validated_data["inside"] else collecting.subject_uncollect
        with refusals():
            change(collection=found, subject=given.validated_data["subject"])
        return Response(CollectionSerializer(collecting.own_collection(owner, public_id)).data)


def _own(owner: User, public_id: UUID) -> Collection:
    """A collection to change: 404 when one may not know of it, 403 when it is somebody else's for all to see."""
    found = collecting.collection_for(owner, public_id)
    if found.owner_id != owner.pk:
        raise PermissionDenied(_("Only its owner can change a collection."))
    return found
