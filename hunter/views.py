from accounts.access import public
from django.shortcuts import render
@public
def home(request): return render(request,"hunter/home.html")
def csrf_failure(request, reason=""): return render(request,"403.html",status=403)
